"""The service under soak: started, looked at from outside, robbed of environments, stopped."""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import time

import psutil

from loadtest import service
from loadtest.service import ENVIRON, ROOT, ServiceFailed, ServiceSpec
from loadtest.soak.accounts import Kill
from loadtest.soak.growth import GATEWAY, Record, Sample

_END_LIMIT_S = 1.0


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


@contextmanager
def running_service(spec: ServiceSpec, data: Path) -> Iterator[Service]:
    """A local cloud of our own, ended as by Ctrl-C.

    Raises:
        ServiceFailed: it does not come up, does not end, or leaves processes behind.
    """
    with service.running_service(spec, data) as running:
        cloud = Service(running.url, data, psutil.Process(running.process.pid))
        try:
            yield cloud
        finally:
            left = _descendants(cloud.process)
    _, survivors = psutil.wait_procs(left, timeout=_END_LIMIT_S)
    if still := [each.pid for each in survivors if not _is_zombie(each)]:
        raise ServiceFailed(f"the service left processes behind: {still}")


async def stored_comments(data: Path) -> list[str | None]:
    """Comments of all feedback in the state that a service left in ``data``, read as by
    ``make feedback-export`` from a store that is started anew."""
    output = data / "feedback.jsonl"
    export = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.commands.feedback_export"),
        *("--data", str(data), "--output", str(output), "--format", "jsonl"),
        cwd=ROOT,
        env=ENVIRON,
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
