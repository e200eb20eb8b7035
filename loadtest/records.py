"""A request as its client saw it and as the server recorded it, and the table of both."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from infra.local.aws_lambda.report import Report

PREDICT = "POST /v1/predict"

# Refused is overload, said at once (429 or 503); a timeout is a 504, or no answer in time.
Outcome = Literal["ok", "refused", "timeout", "failed"]


@dataclass(frozen=True)
class Request:
    """One request, with an empty id where the answer named none."""

    start_s: float  # epoch
    user: str
    name: str
    status: int
    outcome: Outcome
    latency_ms: float
    request_bytes: int
    request_id: str = ""
    environment_id: str = ""
    cold: bool | None = None  # as the answer's headers say, None where no function answered
    reason: str = ""
    code: str = ""  # the problem's
    comment: str = ""  # what the check of a good answer kept
    server: Report | None = None  # None where no record has its id

    @property
    def end_s(self) -> float:
        """Epoch seconds when it had ended."""
        return self.start_s + self.latency_ms / 1000


def read_requests(path: Path) -> list[Request]:
    """The clients' side, a JSON line each, as far as whole lines are written."""
    lines, _, _ = (path.read_text("utf-8") if path.is_file() else "").rpartition("\n")
    return [Request(**json.loads(line)) for line in lines.splitlines()]


def write_joined(path: Path, runs: Iterable[tuple[str, Sequence[Request]]]) -> None:
    """Requests by run as CSV: what the client saw, then the server's columns as ``server_…``."""
    client = [field.name for field in fields(Request) if field.name != "server"]
    server = [f"server_{field.name}" for field in fields(Report)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["run", *client, *server], extrasaction="ignore")
        table.writeheader()
        for run, requests in runs:
            for request in requests:
                record = vars(request.server) if request.server else {}
                facts = {f"server_{name}": value for name, value in record.items()}
                table.writerow({"run": run, **vars(request), **facts})
