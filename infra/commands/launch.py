"""A local cloud of one's own for a run, a test or a benchmark: started fresh, stopped whole."""

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.local.aws_lambda.report import LocalReports, Report
from infra.local.machine.guardian import Guardian
from infra.local.machine.processes import still_running

ROOT = Path(__file__).parents[2]
ENVIRON = os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"}
_START_LIMIT_S = 600.0  # the model may have to be built
_STOP_LIMIT_S = 30.0
_DESCENDANTS_LIMIT_S = 1.0


class ServiceFailed(Exception):
    """The service did not start, run or stop as it should; the message is for the terminal."""


@dataclass(frozen=True)
class Service:
    """``python -m infra.commands.run``: its address, its data folder, and its process."""

    url: str
    data: Path
    process: "subprocess.Popen[bytes]"

    def output(self) -> str:
        """What it has written to its terminal."""
        return (self.data / "service.log").read_text("utf-8")

    def reports(self) -> list[Report]:
        """Of all requests so far."""
        return list(LocalReports(self.data / "logs" / "requests.jsonl").between(0, math.inf))

    def descendants(self) -> list[psutil.Process]:
        """All processes below it, the oldest first."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return sorted(children, key=lambda process: process.create_time())


@contextmanager
def running_service(data: Path, *options: str) -> Iterator[Service]:
    """A service that answers, stopped as by Ctrl-C; it ends with this process even by SIGKILL.

    ``options`` are the command's own. With ``--skip-check`` nothing is asked of it before,
    so that the first cold start is a client's.

    Raises:
        ServiceFailed: it does not come up, ends by itself, does not end when asked, or leaves
            processes behind.
    """
    with Guardian() as guardian:
        service = start_service(data, *options)
        guardian.watch(service.process.pid)
        try:
            wait_until_up(service)
            yield service
            if service.process.poll() is not None:
                raise ServiceFailed(f"the service ended by itself:\n{service.output()[-2000:]}")
        finally:
            _stop(service)
            guardian.release(service.process.pid)


def start_service(
    data: Path, *options: str, port: int = 0, environ: Mapping[str, str] = ENVIRON
) -> Service:
    """Start it, on a free port unless one is named, in a session of its own; wait for nothing."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "infra.commands.run", "--port", str(port), "--data", str(data))
    with (data / "service.log").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this project's own program
            [*command, *options],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
        )
    return Service(f"http://127.0.0.1:{port}", data, process)


def wait_until_up(service: Service) -> None:
    """Wait for its welcome, the last that it writes: it listens, and has passed its own check
    unless that was skipped.

    Raises:
        ServiceFailed: it ended, or takes too long.
    """
    deadline_s = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline_s and service.process.poll() is None:
        if "Ctrl-C stops it all" in service.output():
            return
        time.sleep(0.05)
    raise ServiceFailed(f"the service did not come up:\n{service.output()[-2000:]}")


def _stop(service: Service) -> None:
    descendants = service.descendants()
    if service.process.poll() is None:
        service.process.send_signal(signal.SIGINT)
    try:
        service.process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        service.process.kill()
        service.process.wait()
        raise ServiceFailed(f"the service did not stop within {_STOP_LIMIT_S:.0f} s") from None
    pids = [process.pid for process in descendants]
    if remaining := still_running(pids, _DESCENDANTS_LIMIT_S):
        raise ServiceFailed(f"the service left processes behind: {remaining}")


def free_port() -> int:
    """A port of loopback that nobody listens at, for the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
