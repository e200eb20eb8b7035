"""A request as its client saw it and as the server recorded it, and tables of them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Literal

from pydantic import TypeAdapter

from infra.local.aws_lambda.report import Report

INDEX, PREDICT = "GET /", "POST /v1/predict"
FEEDBACK, LABELS = "POST /v1/feedback", "GET /v1/labels"

Outcome = Literal["ok", "refused", "timeout", "failed"]
"""``refused`` is overload, said at once (429 or 503); ``timeout`` is a 504 or no answer in time."""


@dataclass(frozen=True)
class Request:
    """One request; ``start_s`` in epoch seconds, an empty id where the answer named none.

    ``cold`` is what the answer's headers say, None where no function answered. ``code`` is the
    problem's; ``comment`` is what feedback said. ``server`` is None where no record has its id.
    """

    start_s: float
    user: str
    name: str
    status: int
    outcome: Outcome
    latency_ms: float
    request_bytes: int
    request_id: str = ""
    environment_id: str = ""
    cold: bool | None = None
    reason: str = ""
    code: str = ""
    comment: str = ""
    server: Report | None = None


_CLIENT = [field.name for field in fields(Request) if field.name != "server"]
_SERVER = [field.name for field in fields(Report)]
_REQUEST = TypeAdapter(Request)


def request_table(file: IO[str], columns: Sequence[str] = _CLIENT) -> "csv.DictWriter[str]":
    """A CSV table of what requests have as ``vars``: the clients' side unless told otherwise."""
    writer = csv.DictWriter(file, columns, extrasaction="ignore")
    writer.writeheader()
    return writer


def read_requests(path: Path) -> Iterator[Request]:
    """What is in such a table.

    Raises:
        ValueError: a line is not a request.
    """
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield _REQUEST.validate_python({name: text for name, text in row.items() if text})


def write_joined(path: Path, runs: Iterable[tuple[str, Sequence[Request]]]) -> None:
    """Requests by run as CSV: what the client saw, then the server's columns as ``server_…``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = request_table(file, ["run", *_CLIENT, *(f"server_{name}" for name in _SERVER)])
        for run, requests in runs:
            for request in requests:
                server = vars(request.server).items() if request.server is not None else ()
                recorded = {f"server_{name}": value for name, value in server}
                table.writerow({"run": run, **vars(request), **recorded})
