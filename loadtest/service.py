"""A service of our own for one run: started fresh, stopped as by Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
ENVIRON = os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"}
_START_LIMIT_S = 600.0  # the model may have to be built
_STOP_LIMIT_S = 30.0


class ServiceFailed(Exception):
    """The service did not start; the message is for the terminal."""


@dataclass(frozen=True)
class ServiceSpec:
    """What to start: ``environments`` at most, ``provisioned`` of them ahead of requests."""

    environments: int
    provisioned: int = 0
    queue: int = 100
    model: str = "efficientnet-lite0"
    models_dir: Path = ROOT / "build" / "models"


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def running_service(spec: ServiceSpec, data: Path) -> Iterator[Running]:
    """``python -m infra.commands.run`` on a free port with its state in ``data``.

    Nothing is asked of it before: where nothing is provisioned, the first cold start is a client's.

    Raises:
        ServiceFailed: it does not come up, ends by itself, or does not end when told to.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    data.mkdir(parents=True, exist_ok=True)
    command = (
        *(sys.executable, "-m", "infra.commands.run", "--port", str(port), "--data", str(data)),
        *("--environments", str(spec.environments), "--provisioned", str(spec.provisioned)),
        *("--queue", str(spec.queue), "--model", spec.model),
        *("--models-dir", str(spec.models_dir), "--skip-check"),
    )
    log = data / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this project's own program
            command,
            cwd=ROOT,
            env=ENVIRON,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, process, log)
        yield Running(url, process)
        if process.poll() is not None:
            raise ServiceFailed(f"the service ended by itself:\n{_tail(log)}")
    finally:
        _stop(process)


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    # The welcome is the last thing it writes before it only waits; its check has passed then.
    deadline_s = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        if url in log.read_text("utf-8") and _answers(url):
            return
        time.sleep(0.1)
    raise ServiceFailed(f"the service did not come up:\n{_tail(log)}")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except (URLError, TimeoutError):
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise ServiceFailed(f"the service did not stop within {_STOP_LIMIT_S:.0f} s") from None


def _tail(log: Path) -> str:
    return log.read_text("utf-8")[-2000:]
