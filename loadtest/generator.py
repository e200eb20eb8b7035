"""One headless Locust run as a process of its own, and what it leaves behind."""

import csv
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.joined import JoinedRequest, ServerRecord, ServerRecords, join
from loadtest.record import read_records
from loadtest.service import ENVIRON, ROOT
from loadtest.summary import span_s

_STOP_TIMEOUT_S = 35  # the last answers are waited for: a gateway gives up after 30
_CLOCKS_S = 2.0  # what the clocks of client and server may differ by


class RunFailed(Exception):
    """Locust did not do its work; its terminal output says why."""


@dataclass(frozen=True)
class LoadSpec:
    """A load: which users, how many, how fast they come, in which shape, for how long."""

    user: str
    users: int
    spawn_rate: float
    time_s: int
    shape: str = "constant"
    pause_s: float = 0.0
    options: tuple[str, ...] = ()  # more for Locust, as on its command line


@dataclass(frozen=True)
class Run:
    """One finished run: every request, the server's own records, users by time.

    ``spilled_over`` counts invocations beyond provisioned concurrency, None without a source.
    """

    name: str
    exit_code: int
    start_s: float
    duration_s: float
    requests: tuple[JoinedRequest, ...]
    server: tuple[ServerRecord, ...]
    users: tuple[tuple[float, int], ...]
    spilled_over: int | None


def generate_load(name: str, spec: LoadSpec, url: str, folder: Path) -> int:
    """Run Locust against ``url``; its report, tables and requests go to ``folder``.

    Returns Locust's exit code, which is 1 where a threshold broke or a request failed.

    Raises:
        RunFailed: it ended without having written the requests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = (
        *(sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", spec.user),
        *("--headless", "--only-summary", "--loglevel", "WARNING", "--host", url),
        *("--users", str(spec.users), "--spawn-rate", str(spec.spawn_rate)),
        *("--run-time", str(spec.time_s), "--stop-timeout", str(_STOP_TIMEOUT_S)),
        *("--shape", spec.shape, "--pause-s", str(spec.pause_s)),
        *("--html", str(folder / f"{name}.html"), "--csv", str(folder / name)),
        *("--csv-full-history", "--requests", str(folder / f"{name}_requests.csv")),
        *_meeting_point(spec.options),
        *spec.options,
    )
    code = subprocess.run(command, cwd=ROOT, env=ENVIRON, check=False).returncode  # noqa: S603
    if code not in (0, 1) or not (folder / f"{name}_requests.csv").is_file():
        raise RunFailed(f"Locust ended with exit code {code}")
    return code


def _meeting_point(options: Sequence[str]) -> tuple[str, ...]:
    """A port for this run's own processes: at Locust's, those of two runs would mix."""
    if "--processes" not in options:
        return ()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    return ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)


def collect(name: str, exit_code: int, folder: Path, source: ServerRecords | None) -> Run:
    """What a run left in ``folder``, joined with the server's records if there is a source."""
    clients = list(read_records(folder / f"{name}_requests.csv"))
    start_s = min((each.start_s for each in clients), default=0.0)
    duration_s = span_s(clients)
    window = (start_s - _CLOCKS_S, start_s + duration_s + _CLOCKS_S)
    server = tuple(source.read(*window)) if source is not None else ()
    return Run(
        name=name,
        exit_code=exit_code,
        start_s=start_s,
        duration_s=duration_s,
        requests=join(name, clients, server),
        server=server,
        users=_users(folder / f"{name}_stats_history.csv"),
        spilled_over=source.spilled_over(*window) if source is not None else None,
    )


def _users(path: Path) -> tuple[tuple[float, int], ...]:
    """(epoch second, users) from Locust's own history."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        (float(row["Timestamp"]), int(row["User Count"]))
        for row in rows
        if row["Name"] == "Aggregated"
    )
