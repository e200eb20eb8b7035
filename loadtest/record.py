"""What a client saw of one request, and the table of them."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Literal

INDEX, PREDICT = "GET /", "POST /v1/predict"
FEEDBACK, LABELS = "POST /v1/feedback", "GET /v1/labels"

Outcome = Literal["ok", "refused", "timeout", "failed"]
"""``refused`` is overload, said at once (429 or 503); ``timeout`` is a 504 or no answer in time."""


@dataclass(frozen=True)
class ClientRecord:
    """One request; ``start_s`` in epoch seconds, an empty id where the answer named none.

    ``cold`` is what the answer's headers say, None where no function answered.
    """

    start_s: float
    user: str
    name: str
    status: int
    outcome: Outcome
    latency_ms: float
    request_bytes: int
    request_id: str
    environment_id: str
    cold: bool | None
    reason: str = ""


class RecordFile:
    """Client records as CSV, written as they come."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("w", newline="", encoding="utf-8", buffering=1)
        self._writer = csv.DictWriter(self._file, [each.name for each in fields(ClientRecord)])
        self._writer.writeheader()

    def write(self, records: Iterable[ClientRecord]) -> None:
        """Append records."""
        self._writer.writerows(asdict(each) for each in records)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_records(path: Path) -> Iterator[ClientRecord]:
    """What ``RecordFile`` wrote, in the order of writing.

    Raises:
        ValueError: a line is not a record.
    """
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield _parse(row)


def _parse(row: Mapping[str, str]) -> ClientRecord:
    return ClientRecord(
        start_s=float(row["start_s"]),
        user=row["user"],
        name=row["name"],
        status=int(row["status"]),
        outcome=_outcome(row["outcome"]),
        latency_ms=float(row["latency_ms"]),
        request_bytes=int(row["request_bytes"]),
        request_id=row["request_id"],
        environment_id=row["environment_id"],
        cold={"True": True, "False": False, "": None}[row["cold"]],
        reason=row["reason"],
    )


def _outcome(text: str) -> Outcome:
    match text:
        case "ok" | "refused" | "timeout" | "failed":
            return text
    raise ValueError(f"{text!r} is no outcome")
