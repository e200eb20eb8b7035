"""One headless Locust run as a process of its own, and what it leaves behind."""

import csv
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from infra.commands.launch import ENVIRON, ROOT, running_service
from infra.deploy.reports import AwsReports
from infra.local.aws_lambda.report import LocalReports, Report
from loadtest.records import Request, read_requests
from loadtest.summary import span_s

_STOP_TIMEOUT_S = 35  # the last answers are waited for: a gateway gives up after 30
_CLOCKS_S = 2.0  # what the clocks of client and server may differ by


class RunFailed(Exception):
    """Locust did not do its work; its terminal output says why."""


@dataclass(frozen=True)
class Run:
    """One finished run: every request, the server's own records, (epoch second, users) by time.

    ``spilled_over`` counts invocations beyond provisioned concurrency, None without a source.
    """

    name: str
    start_s: float
    duration_s: float
    requests: tuple[Request, ...]
    server: tuple[Report, ...]
    users: tuple[tuple[float, int], ...]
    spilled_over: int | None


def run_fresh(name: str, folder: Path, load: tuple[str, ...], *service_options: str) -> Run:
    """Start a service, load it, stop it; all of it is kept below ``folder``.

    Raises:
        ServiceFailed: the service does not come up.
        RunFailed: Locust did not do its work.
    """
    data = folder / "services" / name
    with running_service(data, *service_options, "--skip-check") as service:
        generate_load(name, folder, service.url, load)
    return collect(name, folder, LocalReports(data / "logs" / "requests.jsonl"))


def generate_load(name: str, folder: Path, url: str, load: tuple[str, ...]) -> int:
    """Run Locust with the options ``load``; its report, tables and requests go to ``folder``.

    Returns Locust's exit code, which is 1 where a threshold broke or a request failed.

    Raises:
        RunFailed: it ended without having written the requests.
    """
    command = (
        *(sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--host", url),
        *("--headless", "--only-summary", "--loglevel", "WARNING"),
        *("--stop-timeout", str(_STOP_TIMEOUT_S), "--html", str(folder / f"{name}.html")),
        *("--csv", str(folder / name), "--csv-full-history"),
        *("--requests", str(folder / f"{name}_requests.csv"), *_meeting_point(load), *load),
    )
    code = subprocess.run(command, cwd=ROOT, env=ENVIRON, check=False).returncode  # noqa: S603
    if code not in (0, 1) or not (folder / f"{name}_requests.csv").is_file():
        raise RunFailed(f"Locust ended with exit code {code}")
    return code


def _meeting_point(load: tuple[str, ...]) -> tuple[str, ...]:
    """A port for this run's own processes: at Locust's, those of two runs would mix."""
    if "--processes" not in load:
        return ()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    return ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)


def collect(name: str, folder: Path, source: AwsReports | LocalReports | None) -> Run:
    """What a run left in ``folder``, joined with the server's records if there is a source."""
    requests = list(read_requests(folder / f"{name}_requests.csv"))
    start_s = min((request.start_s for request in requests), default=0.0)
    duration_s = span_s(requests)
    window = (start_s - _CLOCKS_S, start_s + duration_s + _CLOCKS_S)
    server = tuple(source.between(*window)) if source is not None else ()
    by_id = {record.request_id: record for record in server if record.request_id}
    with (folder / f"{name}_stats_history.csv").open(newline="", encoding="utf-8") as file:
        history = [row for row in csv.DictReader(file) if row["Name"] == "Aggregated"]
    joined = (replace(request, server=by_id.get(request.request_id)) for request in requests)
    users = tuple((float(row["Timestamp"]), int(row["User Count"])) for row in history)
    spilled_over = source.spilled_over(*window) if source is not None else None
    return Run(name, start_s, duration_s, tuple(joined), server, users, spilled_over)
