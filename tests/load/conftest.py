"""Records to build others from."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.commands.launch import ENVIRON, ROOT
from infra.local.aws_lambda.report import Report
from loadtest.load import Run
from loadtest.records import PREDICT, Request, read_requests
from loadtest.summary import span_s
from tests.conftest import LIMIT_S, wait_until

Make = Callable[..., Any]

Process = subprocess.Popen[str]

OF_BOTH = {"request_id": "a", "environment_id": "e", "outcome": "ok"}
OF_CLIENT = {"start_s": 100.0, "user": "Predict", "name": PREDICT, "status": 200, "cold": False}
REQUEST = Request(**OF_BOTH, **OF_CLIENT, latency_ms=20.0, request_bytes=50_000)
OF_SERVER = {"time": 100.1, "function": "ClassifierFunction", "memory_mb": 1024, "queued_ms": 1.5}
REPORT = Report(**OF_BOTH, **OF_SERVER, duration_ms=10.0, billed_ms=10)


@contextmanager
def started(kind: str, output: Path, *options: str) -> Iterator[Process]:
    """``python -m loadtest``, with generated photos, so that a test is the same everywhere."""
    command = [sys.executable, "-m", "loadtest", kind, "--output", str(output), *options]
    environ = {name: value for name, value in ENVIRON.items() if name != "PHOTOS_DIR"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()  # one that a failed test left running


def requests_so_far(output: Path) -> list[Request]:
    """Of the run below ``output``."""
    return [
        request for path in output.glob("*/*_requests.jsonl") for request in read_requests(path)
    ]


def interrupt(process: Process) -> str:
    """Ctrl-C; what it has written by its end."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=LIMIT_S)[0]


def children_with_locust(process: Process) -> list[psutil.Process]:
    """All processes below it, once Locust is one of them: the service is another by then."""
    parent = psutil.Process(process.pid)
    wait_until(lambda: any("locust" in child.cmdline() for child in parent.children()))
    return parent.children(recursive=True)


def run_of(clients, servers=(), spilled_over=None) -> Run:
    by_id = {record.request_id: record for record in servers}
    requests = tuple(replace(request, server=by_id.get(request.request_id)) for request in clients)
    users, duration_s = ((100.0, 2), (101.0, 4)), span_s(requests)
    return Run("run", 100.0, duration_s, requests, tuple(servers), users, spilled_over)


@pytest.fixture
def client() -> Make:
    """A request as its client saw it, with changes."""
    return lambda **changes: replace(REQUEST, **changes)


@pytest.fixture
def server() -> Make:
    """The server's record of a request, with changes."""
    return lambda **changes: replace(REPORT, **changes)
