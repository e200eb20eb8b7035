"""The service under soak: started, looked at from outside, robbed of environments, stopped."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from time import time
from typing import IO

import aiohttp
import psutil

from loadtest.soak.accounts import Kill
from loadtest.soak.growth import GATEWAY, Record, Sample

ROOT = Path(__file__).parents[2]
_START_LIMIT_S = 600.0  # the model may have to be built
_STOP_LIMIT_S = 30.0
_END_LIMIT_S = 1.0


class ServiceFailed(Exception):
    """The service did not start or did not stop; the message is for the terminal."""


@dataclass(frozen=True)
class Environment:
    """A running Lambda environment: its processes, the oldest first."""

    id: str
    function: str
    processes: tuple[psutil.Process, ...]


@dataclass(frozen=True)
class Service:
    """A local cloud of our own."""

    url: str
    data: Path
    process: psutil.Process

    def environments(self) -> list[Environment]:
        """Those that run now, the oldest first: what descends from the gateway and has Lambda's
        own variables."""
        found: dict[tuple[str, str], list[psutil.Process]] = defaultdict(list)
        for process in _descendants(self.process):
            with suppress(psutil.Error):
                variables = process.environ()
                stream = variables.get("AWS_LAMBDA_LOG_STREAM_NAME", "").rpartition("]")[2]
                if stream:
                    found[stream, variables["AWS_LAMBDA_FUNCTION_NAME"]].append(process)
        return [Environment(*key, tuple(processes)) for key, processes in found.items()]

    def samples(self) -> list[Sample]:
        """Memory and descriptors of every environment, and of the gateway."""
        looked = [_sample(each.id, each.function, each.processes) for each in self.environments()]
        looked.append(_sample(GATEWAY, GATEWAY, (self.process,)))
        return [each for each in looked if each is not None]

    def descriptors(self) -> int:
        """What the gateway has open.

        Raises:
            ServiceFailed: it is gone.
        """
        try:
            return self.process.num_fds()
        except psutil.Error as exc:
            raise ServiceFailed("the service ended by itself") from exc

    def kill(self, environment: Environment) -> Kill:
        """SIGKILL all its processes."""
        began = time()
        for process in environment.processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return Kill(environment.id, environment.function, began, time())

    def records(self) -> list[Record]:
        """What the gateway has recorded so far."""
        lines = (self.data / "logs" / "requests.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]


@asynccontextmanager
async def running_service(
    data: Path, model: str, models_dir: Path, environments: int
) -> AsyncIterator[Service]:
    """``python -m infra.local`` on a free port, with its state in ``data``; ended as by Ctrl-C.

    Raises:
        ServiceFailed: it does not come up, does not end, or leaves processes behind.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    log = data / "service.log"
    with _opened(log) as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local", "--port", str(port)),
            *("--data", str(data), "--environments", str(environments)),
            *("--model", model, "--models-dir", str(models_dir)),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the soak's
        )
    service = Service(f"http://127.0.0.1:{port}", data, psutil.Process(process.pid))
    try:
        await _wait_until_healthy(service.url, process, log)
        yield service
        if process.returncode is not None:
            raise ServiceFailed(f"the service ended by itself: {_tail(log)}")
    finally:
        left = _descendants(service.process)
        await _stop(process)
    _, survivors = psutil.wait_procs(left, timeout=_END_LIMIT_S)
    if running := [each.pid for each in survivors if not _is_zombie(each)]:
        raise ServiceFailed(f"the service left processes behind: {running}")


async def stored_comments(data: Path) -> list[str | None]:
    """Comments of all feedback in the state that a service left in ``data``, read as by
    ``make feedback-export`` from a store that is started anew."""
    output = data / "feedback.jsonl"
    export = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.local.feedback_export"),
        *("--data", str(data), "--output", str(output), "--format", "jsonl"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"},
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    _, said = await export.communicate()
    if export.returncode:
        raise ServiceFailed(f"feedback could not be read back: {said.decode()[-500:]}")
    return [json.loads(line)["comment"] for line in output.read_text("utf-8").splitlines()]


def next_victim(environments: Sequence[Environment], turn: int) -> Environment | None:
    """Which to kill at a turn: one function's after the other's, and of several the youngest, so
    that the oldest shows whether it grows."""
    youngest = {each.function: each for each in environments}
    names = sorted(youngest)
    return youngest[names[turn % len(names)]] if names else None


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return sorted(process.children(recursive=True), key=lambda each: each.create_time())
    except psutil.NoSuchProcess:
        return []


def _is_zombie(process: psutil.Process) -> bool:
    # Ended, but whoever inherited it does not ask: so it is in containers without an init.
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _sample(name: str, function: str, processes: Sequence[psutil.Process]) -> Sample | None:
    try:
        memory_bytes = sum(each.memory_info().rss for each in processes)
        descriptors = sum(each.num_fds() for each in processes)
    except psutil.Error:
        return None  # it ended just now
    return Sample(time(), name, function, memory_bytes, descriptors)


def _opened(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


def _tail(log: Path) -> str:
    return log.read_text("utf-8")[-2000:]


async def _wait_until_healthy(url: str, process: Process, log: Path) -> None:
    try:
        async with asyncio.timeout(_START_LIMIT_S), aiohttp.ClientSession(trust_env=False) as http:
            while process.returncode is None:
                with suppress(aiohttp.ClientConnectionError):
                    async with http.get(f"{url}/v1/health") as response:
                        if response.status == HTTPStatus.OK:
                            return
                await asyncio.sleep(0.2)
    except TimeoutError:
        pass
    raise ServiceFailed(f"the service did not come up: {_tail(log)}")


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ServiceFailed(f"the service did not stop within {_STOP_LIMIT_S:.0f} s") from None
