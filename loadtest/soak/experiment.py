"""Endurance: good and hostile users on a service whose environments are killed meanwhile."""

# ruff: noqa: T201 - a command line prints

import argparse
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import repeat
from pathlib import Path
from time import sleep, time

import psutil
import requests

from infra.commands import feedback_export
from infra.commands.launch import Service, ServiceFailed, running_service
from infra.local.aws_lambda.report import LocalReports
from infra.local.machine.processes import environments_below, is_running, kill_sessions
from loadtest.check import Answer
from loadtest.load import Locust, collect, generate_load
from loadtest.plots import draw_plots
from loadtest.records import read_requests
from loadtest.report import LoadReport
from loadtest.soak import findings
from loadtest.soak.findings import GATEWAY, Growth, Kill, Sample
from loadtest.soak.queued import UPLOAD, compare_ends
from loadtest.summary import summarize

HEAD = ("", "requests", "MB", "MB at the end", "fitted MB", "per 1000", "descriptors")
_TABLE = (
    "MB once warm and at the end, the rise of a line through them; the gateway's descriptors less "
    "those of clients and environments."
)
_OF_ENVIRONMENT = 2  # descriptors: the pipe of its log, and the connection that it answers on
_PROGRESS_S = 5
_LOOKS = 100  # within a second
_ENDS_S = 240  # a photo whose worker was killed is delivered again after 180 s
_MOST_PROBLEMS = 20  # that are spelled out


class Watch:
    """Until Locust ends: measures every second, kills an environment now and then."""

    def __init__(self, service: Service, requests: Path, kill_every_s: float) -> None:
        self.kills, self.samples = list[Kill](), list[Sample]()
        self._service, self.requests, self._kill_every_s = service, requests, kill_every_s

    def __call__(self, locust: Locust) -> None:
        """Returns when it has ended."""
        second = 0  # since the first request
        while True:
            with suppress(subprocess.TimeoutExpired):
                locust.wait(1 - time() % 1)
                return
            if not second and not read_requests(self.requests):
                continue
            second += 1
            self.samples += _measure(self._service)
            if self._kill_every_s and second >= self._kill_every_s * (len(self.kills) + 1):
                self._kill_one()
            if second % _PROGRESS_S == 1:
                kinds = Counter(request.outcome for request in read_requests(self.requests))
                wrong = f"{kinds['failed'] + kinds['timeout']} without a right answer"
                sent = f"{kinds.total():6} requests  {wrong}  {len(self.kills)} kills"
                print(f"{second:5} s  {sent}", flush=True)

    def _kill_one(self) -> None:
        """If one is at work within a second, that one."""
        running = environments_below(self._service.process.pid)
        for _ in range(_LOOKS):
            order = sorted(running, key=lambda key: _is_busy(running[key]))
            victim = findings.choose_victim(order, len(self.kills))
            if victim is None or _is_busy(running[victim]):
                break
            sleep(1 / _LOOKS)
        if victim is not None:
            start_s = time()
            kill_sessions([process.pid for process in running[victim]])
            while any(is_running(process.pid) for process in running[victim]):
                sleep(0.01)  # on a busy machine one lives on for a moment
            self.kills.append(Kill(*victim, start_s, time()))


def soak(options: argparse.Namespace, load: tuple[str, ...], folder: Path) -> LoadReport:
    """It failed if anything happened that a kill does not excuse."""
    data = folder / "services" / "soak"
    service_options = ("--environments", str(options.environments), "--model", options.model)
    with running_service(data, *service_options) as service:
        watch = Watch(service, folder / "soak_requests.jsonl", options.kill_every)
        with suppress(KeyboardInterrupt):
            generate_load("soak", folder, service.url, load, watch)
        print("== waiting for the last photos", flush=True)
        comments = (request.comment for request in read_requests(watch.requests))
        taken = dict(findings.notes(comments, "photo"))
        pauses = map(sleep, repeat(1.0, _ENDS_S))
        wrong = list(compare_ends(taken, partial(_ask, service.url), pauses))
        reports = service.reports()
    run = collect("soak", folder, LocalReports(data / "logs" / "requests.jsonl"))
    failures = findings.sort_failures(run.requests, watch.kills)
    growths = list(findings.measure_growth(watch.samples, reports))
    confirmed, lost = findings.compare_feedback(run.requests, _stored_comments(data))
    strange = findings.unexplained(reports, watch.kills)
    problems = [*findings.find_problems(failures, strange, growths, lost), *wrong]
    figures = summarize(run.requests)
    kinds = Counter(request.name for request in run.requests)
    kinds += Counter(f"later {due.partition(':')[0]}" for due in taken.values())
    in_flight, sent_to_dead, unexcused = map(len, failures)
    hostile = sum(request.user == "Hostile" for request in run.requests)
    crash = ("WorkerFunction", "function_crashed")
    crashes = sum((report.function, report.outcome) == crash for report in reports)
    counts = (
        f"{figures.duration_s:.0f} s, {figures.requests} requests, {hostile} hostile.",
        f"Environments killed: {len(watch.kills)}; workers in the middle of a photo: {crashes}.",
        f"Answers lost in flight in one: {in_flight}; sent there later: {sent_to_dead}.",
        f"Other failures: {unexcused}. Refused (503, Retry-After): {figures.refused}.",
        f"Feedback confirmed: {confirmed}; lost: {len(lost)}.",
        f"Photos taken to be answered later: {len(taken)}; by upload: {kinds[UPLOAD]}.",
        f"Photos lost, unfinished or answered otherwise: {len(wrong)}.",
        f"By kind: {', '.join(f'{kind} {number}' for kind, number in sorted(kinds.items()))}.",
    )
    verdict = f"Failed: {len(problems)} problems." if problems else "Endured."
    sentences = (verdict, *problems[:_MOST_PROBLEMS], *counts, _TABLE)
    target = f"{options.environments} local environments a function, {options.model}"
    table, plots = [HEAD, *map(_row, growths)], draw_plots({"soak": [run]})
    return LoadReport("Soak", target, bool(problems), sentences, table, plots, [run])


def _is_busy(processes: Iterable[psutil.Process]) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(process.status() == psutil.STATUS_RUNNING for process in processes)
    return False


def _ask(url: str, prediction_id: str) -> Answer:
    response = requests.get(f"{url}/v1/predictions/{prediction_id}", timeout=_ENDS_S)
    return Answer(response.status_code, response.headers, response.content)


def _row(growth: Growth) -> tuple[str, ...]:
    first, last = growth.first, growth.last
    return (
        *(growth.name, str(growth.requests), f"{first.memory_mb:.0f}", f"{last.memory_mb:.0f}"),
        *(f"{growth.fitted_mb:+.1f}", f"{growth.mb_per_1000:+.2f}"),
        f"{first.descriptors} → {last.descriptors}",
    )


def _measure(service: Service) -> Iterator[Sample]:
    """Every environment, and the gateway without its connections to clients and what it holds for
    each environment, however many there are at the moment."""
    pid, port = service.process.pid, int(service.url.rpartition(":")[2])
    with suppress(psutil.Error):  # it ended just now, which the report will say
        running = environments_below(pid) | {(GATEWAY, GATEWAY): [psutil.Process(pid)]}
        for key, processes in running.items():
            with suppress(psutil.Error):
                memory_mb = sum(process.memory_info().rss for process in processes) / 1e6
                descriptors = sum(process.num_fds() for process in processes)
                if GATEWAY in key:
                    links = processes[0].net_connections("tcp")
                    clients = [(link.laddr.port, link.status) for link in links]
                    descriptors -= clients.count((port, psutil.CONN_ESTABLISHED))
                    descriptors -= _OF_ENVIRONMENT * (len(running) - 1)
                yield Sample(time(), *key, memory_mb, descriptors)


def _stored_comments(data: Path) -> list[str | None]:
    """Comments of all feedback left in ``data``; ``make feedback-export`` starts the store anew."""
    output = data / "feedback.jsonl"
    options = ("--data", str(data), "--output", str(output), "--format", "jsonl")
    if feedback_export.main(options):
        raise ServiceFailed("feedback could not be read back")
    return [json.loads(line)["comment"] for line in output.read_text("utf-8").splitlines()]
