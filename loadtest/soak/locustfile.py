"""For Locust, behind ``make soak``: good and hostile users on a service of its own, whose
environments are killed meanwhile. The exit code is 1 when it did not endure, 2 when it could not
be tried; all is kept in ``--output``."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import gevent
import psutil
from locust import events
from locust.env import Environment

from infra.commands.launch import ENVIRON, ROOT, Service, ServiceFailed, running_service
from infra.commands.welcome import find_photo
from infra.local.machine.processes import environments_below
from loadtest.report import render
from loadtest.soak import findings
from loadtest.soak.findings import GATEWAY, Kill, Sample
from loadtest.soak.users import Hostile, Reviewer, SoakUser, Visitor, equip

if TYPE_CHECKING:
    from loadtest.records import Request

__all__ = ["Hostile", "Reviewer", "Visitor"]
_PROGRESS_S = 5


class Soak:
    """What is seen of one soak; ``text`` is for the terminal when it is over."""

    def __init__(self, environment: Environment, service: Service) -> None:
        self.requests: list[Request] = []
        self.text = ""
        self._environment, self._service = environment, service
        self._earlier = len(service.reports())
        self._kills: list[Kill] = []
        self._samples: list[Sample] = []
        self._began_s = monotonic()

    def finish(self, stack: ExitStack, output: Path) -> None:
        """Stop the users, then the service, and report.

        Raises:
            ServiceFailed: it ended before, or not as it should.
        """
        runner: Any = self._environment.runner
        runner.stop()
        seconds = monotonic() - self._began_s
        reports = self._service.reports()[self._earlier :]
        stack.close()
        comments = _stored_comments(self._service.data)
        failures = findings.sort_failures(self.requests, reports, self._kills)
        strange = findings.unexplained(reports, self._kills)
        growths = findings.measure_growth(self._samples, reports)
        confirmed, lost = findings.compare_feedback(SoakUser.run_id, self.requests, comments)
        problems = [f"a user: {found['msg']}" for found in runner.exceptions.values()]
        problems += findings.find_problems(failures, strange, growths, lost)
        refused = (request.name for request in self.requests if request.outcome == "refused")
        facts: dict[str, Any] = {
            "seconds": seconds,
            "problems": problems,
            "requests": Counter(request.name for request in self.requests),
            "hostile": sum(request.user == Hostile.__name__ for request in self.requests),
            "refused": Counter(refused),
            "kills": self._kills,
            **failures._asdict(),
            "unexplained": strange,
            "growth": growths,
            "feedback_confirmed": confirmed,
            "feedback_lost": lost,
        }
        text = render("soak.md", **facts)
        (output / "soak.md").write_text(text, "utf-8")
        (output / "soak.json").write_text(json.dumps(facts, indent=1, default=asdict), "utf-8")
        self.text = f"\n{text}\nWritten to {output}"
        self._environment.process_exit_code = 1 if problems else 0

    def watch(self) -> None:
        """Measure every second, kill an environment now and then, and say how far it is."""
        options: Any = self._environment.parsed_options
        self._began_s = monotonic()
        for second in count(1):
            gevent.sleep(max(self._began_s + second - monotonic(), 0))
            self._samples += _measure(self._service)
            if options.kill_every and second >= options.kill_every * (len(self._kills) + 1):
                self._kill_one()
            if second % _PROGRESS_S == 0:
                outcomes = Counter(request.outcome for request in self.requests)
                wrong = outcomes["failed"] + outcomes["timeout"]
                print(
                    f"{second:5} s  {outcomes.total():6} requests  {wrong} without a right answer"
                    f"  {len(self._kills)} kills",
                    flush=True,
                )

    def _kill_one(self) -> None:
        running = environments_below(self._service.process.pid)
        victim = findings.choose_victim(list(running), len(self._kills))
        if victim is not None:
            start_s = time()
            for process in running[victim]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._kills.append(Kill(*victim, start_s, time()))


def _measure(service: Service) -> list[Sample]:
    """Every environment, and the gateway without its connections to clients."""
    pid, port = service.process.pid, int(service.url.rpartition(":")[2])
    samples = []
    with suppress(psutil.Error):  # it ended just now, which the report will say
        running = environments_below(pid) | {(GATEWAY, GATEWAY): [psutil.Process(pid)]}
        for key, processes in running.items():
            with suppress(psutil.Error):
                memory_bytes = sum(process.memory_info().rss for process in processes)
                descriptors = sum(process.num_fds() for process in processes)
                for link in processes[0].net_connections("tcp") if GATEWAY in key else ():
                    of_client = link.laddr.port == port and link.status == psutil.CONN_ESTABLISHED
                    descriptors -= of_client
                samples.append(Sample(time(), *key, memory_bytes, descriptors))
    return samples


def _stored_comments(data: Path) -> list[str | None]:
    """Comments of all feedback that a service left in ``data``, read as by ``make feedback-export``
    from a store that is started anew."""
    output = data / "feedback.jsonl"
    command = (sys.executable, "-m", "infra.commands.feedback_export", "--data", str(data))
    format_options = ("--output", str(output), "--format", "jsonl")
    done = subprocess.run([*command, *format_options], cwd=ROOT, env=ENVIRON, check=False)  # noqa: S603
    if done.returncode:
        raise ServiceFailed("feedback could not be read back")
    return [json.loads(line)["comment"] for line in output.read_text("utf-8").splitlines()]


def _add_options(parser: argparse.ArgumentParser) -> None:
    add: Any = parser.add_argument_group("Soak").add_argument
    add("--kill-every", type=float, default=20.0, metavar="S", help="0 kills none")
    add("--environments", type=int, default=2, help="most per function")
    add("--model", default="resnet50", help="model that serves")
    add("--models-dir", default="build/models", help="where models are")
    add("--photo", help="what is sent; default: one from PHOTOS_DIR, or a packaged one")
    output = f"build/load/soak-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    add("--output", default=output, help="folder for the report, logs and state")


def _begin(environment: Environment, **_: object) -> None:
    # Whoever starts it in the background may have it ignore Ctrl-C; SIGTERM Locust always heeds.
    gevent.signal_handler(signal.SIGINT, signal.raise_signal, signal.SIGTERM)
    options: Any = environment.parsed_options
    output, stack = Path(options.output).resolve(), ExitStack()
    photo = find_photo(Path(options.photo) if options.photo else None, os.environ)
    if photo is None:
        raise SystemExit("no photo to send; name one: --photo")
    equip(photo)
    most = ("--environments", str(options.environments), "--model", options.model)
    models_dir = str(Path(options.models_dir).resolve())
    try:
        running = running_service(output / "data", *most, "--models-dir", models_dir)
        service = stack.enter_context(running)
    except ServiceFailed as exc:
        print(f"error: {exc}", flush=True)
        raise SystemExit(2) from None
    environment.host, soak = service.url, Soak(environment, service)
    SoakUser.record = staticmethod(soak.requests.append)

    def finish(**_: object) -> None:
        try:
            soak.finish(stack, output)
        except ServiceFailed as exc:
            soak.text, environment.process_exit_code = f"error: {exc}", 2

    listen: Any = environment.events
    listen.test_start.add_listener(lambda **_: gevent.spawn(soak.watch))
    listen.quitting.add_listener(finish)
    listen.quit.add_listener(lambda **_: print(soak.text, flush=True))


events.init_command_line_parser.add_listener(_add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_begin)  # type: ignore[no-untyped-call]
