"""The records of all users in one place: this process, or the master that workers report to."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from loadtest.record import ClientRecord, RecordFile

_MESSAGE = "requests"
_BATCH = 100

Record = Callable[[ClientRecord], None]


class Collected:
    """All records of this run so far, written to a file as they come when one is named."""

    def __init__(self, path: Path | None) -> None:
        self.records: list[ClientRecord] = []
        self._file = RecordFile(path) if path is not None else None

    def add(self, records: Iterable[ClientRecord]) -> None:
        """Take records."""
        records = tuple(records)
        self.records += records
        if self._file is not None:
            self._file.write(records)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def collect_here(environment: Environment, path: Path | None) -> tuple[Collected, Record]:
    """Where records end up, and what a user of this process calls with one."""
    collected = Collected(path)

    def take(msg: Message, **_: object) -> None:
        collected.add(ClientRecord(**each) for each in msg.data)

    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message(_MESSAGE, take)
    return collected, lambda record: collected.add((record,))


def send_to_master(environment: Environment, runner: WorkerRunner) -> Record:
    """What a worker's user calls with a record.

    What is left is sent as the test stops, before the worker says that it has: Locust's own last
    report comes only once the master has begun to quit.
    """
    waiting: list[dict[str, Any]] = []

    def flush(**_: object) -> None:
        batch, waiting[:] = list(waiting), []
        if batch:
            runner.send_message(_MESSAGE, batch)  # type: ignore[arg-type]  # any msgpack value goes

    environment.events.test_stop.add_listener(flush)  # type: ignore[no-untyped-call]
    return partial(_queue, waiting, flush)


def _queue(waiting: list[dict[str, Any]], flush: Callable[[], None], record: ClientRecord) -> None:
    waiting.append(asdict(record))
    if len(waiting) >= _BATCH:
        flush()
