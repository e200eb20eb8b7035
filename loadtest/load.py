"""One headless Locust run as a process of its own, and what it leaves behind."""

import csv
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from infra.commands.launch import ENVIRON, ROOT, free_port, running_service
from infra.deploy.reports import AwsReports
from infra.local.aws_lambda.report import LocalReports, Report
from infra.local.machine.guardian import Guardian
from loadtest.records import Request, read_requests
from loadtest.summary import span_s

_STOP_TIMEOUT_S = 35  # the last answers are waited for: a gateway gives up after 30
_CLOCKS_S = 2.0  # what the clocks of client and server may differ by

Locust = subprocess.Popen[bytes]
Watch = Callable[[Locust], object]


class RunFailed(Exception):
    """Locust did not do its work; its terminal output says why."""


@dataclass(frozen=True)
class Run:
    """One finished run: every request, and the server's own records."""

    name: str
    start_s: float
    duration_s: float
    requests: tuple[Request, ...]
    server: tuple[Report, ...]
    users: tuple[tuple[float, int], ...]  # by epoch second
    spilled_over: int | None  # beyond provisioned concurrency, None without a source


def run_fresh(
    name: str, folder: Path, load: tuple[str, ...], model: str, counts: tuple[int, int]
) -> Run:
    """Start a service (model; most and provisioned environments), load it, stop it; all of it is
    kept below ``folder``. Raises ServiceFailed, RunFailed: one of them did not do its work."""
    data = folder / "services" / name
    most = ("--environments", str(counts[0]), "--provisioned", str(counts[1]))
    with running_service(data, "--skip-check", "--model", model, *most) as service:
        generate_load(name, folder, service.url, load)
    return collect(name, folder, LocalReports(data / "logs" / "requests.jsonl"))


def generate_load(
    name: str, folder: Path, url: str, load: tuple[str, ...], watch: Watch = Locust.wait
) -> None:
    """Run Locust with the options ``load``; its report, tables and requests go to ``folder``.

    ``watch`` gets its process, and returns when that has ended, or is to end. After Ctrl-C, too,
    all is there, though KeyboardInterrupt goes on. Raises RunFailed.
    """
    table = folder / f"{name}_requests.jsonl"
    port = str(free_port())  # at Locust's own two runs would mix
    command = (
        *(sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--host", url),
        *("--headless", "--only-summary", "--loglevel", "WARNING"),
        *("--stop-timeout", str(_STOP_TIMEOUT_S), "--html", str(folder / f"{name}.html")),
        *("--csv", str(folder / name), "--csv-full-history"),
        *("--requests", str(table), "--master-bind-host", "127.0.0.1"),
        *("--master-bind-port", port, "--master-port", port, *load),
    )
    with Guardian() as guardian:
        # In a session of its own it gets Ctrl-C once, from here.
        process = subprocess.Popen(command, cwd=ROOT, env=ENVIRON, start_new_session=True)  # noqa: S603
        try:
            guardian.watch(process.pid)
            watch(process)
        finally:
            if table.is_file():  # before that it may miss the signal
                process.send_signal(signal.SIGINT)  # not sent to one that has ended
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_TIMEOUT_S + 60)
            if process.poll() is not None:  # else the guardian kills it
                guardian.release(process.pid)
    if (code := process.wait()) not in (0, 1):  # 1: a request failed
        raise RunFailed(f"Locust ended with exit code {code}")


def collect(name: str, folder: Path, source: AwsReports | LocalReports | None) -> Run:
    """What a run left in ``folder``, joined with the server's records if there is a source. Raises
    RunFailed without requests."""
    requests = read_requests(folder / f"{name}_requests.jsonl")
    if not requests:
        raise RunFailed("Locust ended before its first request")
    start_s = min(request.start_s for request in requests)
    duration_s = span_s(requests)
    window = (start_s - _CLOCKS_S, start_s + duration_s + _CLOCKS_S)
    server = tuple(source.between(*window)) if source is not None else ()
    by_id = {record.request_id: record for record in server if record.request_id}
    history = csv.DictReader((folder / f"{name}_stats_history.csv").read_text("utf-8").splitlines())
    seconds = (row for row in history if row["Name"] == "Aggregated")
    users = tuple((float(row["Timestamp"]), int(row["User Count"])) for row in seconds)
    joined = (replace(request, server=by_id.get(request.request_id)) for request in requests)
    spilled_over = source.spilled_over(*window) if source is not None else None
    return Run(name, start_s, duration_s, tuple(joined), server, users, spilled_over)
