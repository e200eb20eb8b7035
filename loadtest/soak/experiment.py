"""The endurance test: good and hostile users on a service of its own, whose environments are killed
meanwhile."""

# ruff: noqa: T201 - a command line prints

import argparse
import json
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import sleep, time

import psutil

from infra.commands.launch import ENVIRON, ROOT, Service, ServiceFailed, running_service
from infra.local.aws_lambda.report import LocalReports
from infra.local.machine.processes import environments_below, is_running
from loadtest.load import collect, generate_load
from loadtest.plots import draw_plots
from loadtest.records import read_requests
from loadtest.report import LoadReport
from loadtest.soak import findings
from loadtest.soak.findings import GATEWAY, Growth, Kill, Sample
from loadtest.summary import summarize

USERS = ("Visitor", "Reviewer", "Hostile")
HEAD = ("", "requests", "MB", "MB at the end", "fitted MB", "per 1000", "descriptors")
_TABLE = "MB once warm and at the end, the rise of a line through them, descriptors less clients'."
_PROGRESS_S = 5
_MOST_PROBLEMS = 20  # that are spelled out


class Watch:
    """Until Locust ends or Ctrl-C: measures every second, kills an environment now and then."""

    def __init__(self, service: Service, requests: Path, kill_every_s: float) -> None:
        self.kills: list[Kill] = []
        self.samples: list[Sample] = []
        self._service, self._requests, self._kill_every_s = service, requests, kill_every_s

    def __call__(self, locust: "subprocess.Popen[bytes]") -> None:
        """Returns when it has ended."""
        second = 0  # since the first request
        with suppress(KeyboardInterrupt):
            while True:
                with suppress(subprocess.TimeoutExpired):
                    locust.wait(1 - time() % 1)
                    return
                if not second and not (self._requests.exists() and self._requests.stat().st_size):
                    continue
                second += 1
                self.samples += _measure(self._service)
                if self._kill_every_s and second >= self._kill_every_s * (len(self.kills) + 1):
                    self._kill_one()
                if second % _PROGRESS_S == 0:
                    self._print_progress(second)

    def _kill_one(self) -> None:
        running = environments_below(self._service.process.pid)
        victim = findings.choose_victim(list(running), len(self.kills))
        if victim is not None:
            start_s = time()
            for process in running[victim]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            while any(is_running(process.pid) for process in running[victim]):
                sleep(0.01)  # on a busy machine one lives on for a moment
            self.kills.append(Kill(*victim, start_s, time()))

    def _print_progress(self, second: int) -> None:
        outcomes = Counter(request.outcome for request in read_requests(self._requests))
        wrong = outcomes["failed"] + outcomes["timeout"]
        sent = f"{outcomes.total():6} requests  {wrong} without a right answer"
        print(f"{second:5} s  {sent}  {len(self.kills)} kills", flush=True)


def soak(options: argparse.Namespace, load: tuple[str, ...], folder: Path) -> LoadReport:
    """It failed if anything happened that a kill does not excuse."""
    data = folder / "services" / "soak"
    service_options = ("--environments", str(options.environments), "--model", options.model)
    with running_service(data, *service_options) as service:
        watch = Watch(service, folder / "soak_requests.jsonl", options.kill_every)
        generate_load("soak", folder, service.url, load, watch)
        reports = service.reports()
    run = collect("soak", folder, LocalReports(data / "logs" / "requests.jsonl"))
    failures = findings.sort_failures(run.requests, watch.kills)
    strange = findings.unexplained(reports, watch.kills)
    growths = list(findings.measure_growth(watch.samples, reports))
    confirmed, lost = findings.compare_feedback(run.requests, _stored_comments(data))
    problems = list(findings.find_problems(failures, strange, growths, lost))
    statistics, kinds = summarize(run.requests), Counter(request.name for request in run.requests)
    hostile = sum(request.user == "Hostile" for request in run.requests)
    in_flight, sent_to_dead, unexcused = map(len, failures)
    lost_there = f"answers lost in flight in one: {in_flight}; sent there later: {sent_to_dead}"
    counts = (
        f"{statistics.duration_s:.0f} s, {statistics.requests} requests, {hostile} hostile.",
        f"Environments killed: {len(watch.kills)}; {lost_there}; other failures: {unexcused}.",
        f"Refused (503, Retry-After): {statistics.refused}.",
        f"Feedback confirmed: {confirmed}; lost: {len(lost)}.",
        f"By kind: {', '.join(f'{kind} {number}' for kind, number in sorted(kinds.items()))}.",
    )
    verdict = f"Failed: {len(problems)} problems." if problems else "Endured."
    sentences = (verdict, *problems[:_MOST_PROBLEMS], *counts, _TABLE)
    target = f"{options.environments} local environments a function, {options.model}"
    table, plots = [HEAD, *map(_row, growths)], draw_plots({"soak": [run]})
    return LoadReport("Soak", target, bool(problems), sentences, table, plots, [run])


def _row(growth: Growth) -> tuple[str, ...]:
    first, last = growth.first, growth.last
    return (
        *(growth.name, str(growth.requests), f"{first.memory_mb:.0f}", f"{last.memory_mb:.0f}"),
        *(f"{growth.fitted_mb:+.1f}", f"{growth.mb_per_1000:+.2f}"),
        f"{first.descriptors} → {last.descriptors}",
    )


def _measure(service: Service) -> list[Sample]:
    """Every environment, and the gateway without its connections to clients."""
    pid, port = service.process.pid, int(service.url.rpartition(":")[2])
    samples = []
    with suppress(psutil.Error):  # it ended just now, which the report will say
        running = environments_below(pid) | {(GATEWAY, GATEWAY): [psutil.Process(pid)]}
        for key, processes in running.items():
            with suppress(psutil.Error):
                memory_mb = sum(process.memory_info().rss for process in processes) / 1e6
                descriptors = sum(process.num_fds() for process in processes)
                for link in processes[0].net_connections("tcp") if GATEWAY in key else ():
                    of_client = link.laddr.port == port and link.status == psutil.CONN_ESTABLISHED
                    descriptors -= of_client
                samples.append(Sample(time(), *key, memory_mb, descriptors))
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
