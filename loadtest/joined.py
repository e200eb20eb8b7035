"""Client and server side of each request in one row, put together by the request's id."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Protocol

from loadtest.record import ClientRecord, Outcome

PROVISIONED = "provisioned-concurrency"


@dataclass(frozen=True)
class ServerRecord:
    """A function's REPORT of one request; None where its source does not say."""

    request_id: str
    end_s: float
    function: str
    memory_mb: int
    environment_id: str | None = None
    initialization_type: str | None = None
    init_ms: float | None = None
    queued_ms: float | None = None
    duration_ms: float | None = None
    billed_ms: int | None = None
    spilled_over: bool | None = None


class ServerRecords(Protocol):
    """Where the server's side comes from."""

    def read(self, start_s: float, end_s: float) -> Iterable[ServerRecord]:
        """Records of requests that ended between two times (epoch seconds)."""

    def spilled_over(self, start_s: float, end_s: float) -> int:
        """Invocations beyond provisioned concurrency in that time."""


@dataclass(frozen=True)
class JoinedRequest:
    """One request of a run; ``server`` is None where no record has its id."""

    run: str
    client: ClientRecord
    server: ServerRecord | None

    @property
    def start_s(self) -> float:
        """As the client has it."""
        return self.client.start_s

    @property
    def outcome(self) -> Outcome:
        """As the client has it."""
        return self.client.outcome

    @property
    def latency_ms(self) -> float:
        """As the client has it."""
        return self.client.latency_ms

    @property
    def cold(self) -> bool | None:
        """As the answer's headers have it."""
        return self.client.cold


def join(
    run: str, clients: Iterable[ClientRecord], servers: Iterable[ServerRecord]
) -> tuple[JoinedRequest, ...]:
    """All client records, each with the server record of its id."""
    by_id = {each.request_id: each for each in servers}
    return tuple(
        JoinedRequest(run, each, by_id.get(each.request_id) if each.request_id else None)
        for each in clients
    )


def write_joined(path: Path, requests: Sequence[JoinedRequest]) -> None:
    """The table as CSV: what the client saw, then the server's columns as ``server_…``."""
    client = [each.name for each in fields(ClientRecord)]
    server = [f"server_{each.name}" for each in fields(ServerRecord)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["run", *client, *server])
        writer.writeheader()
        for each in requests:
            known = asdict(each.server) if each.server is not None else {}
            row = {f"server_{name}": value for name, value in known.items()}
            writer.writerow({"run": each.run, **asdict(each.client), **row})
