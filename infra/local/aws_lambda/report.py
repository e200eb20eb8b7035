"""One record per request to a function: Lambda's REPORT line, with true figures."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from infra.local.aws_lambda.environment import OutcomeKind

ReportOutcome = OutcomeKind | Literal["initialized", "too_many_requests", "abandoned"]
"""Besides an invocation's own outcomes: ``initialized`` is a provisioned environment started ahead
of requests, ``too_many_requests`` was refused at a full queue, ``abandoned`` left the queue."""


@dataclass(frozen=True)
class Report:
    """One line of ``requests.jsonl``; times in milliseconds, ``time`` in epoch seconds at its end.

    Without an environment (refused, abandoned) what an environment has is None.
    """

    time: float
    request_id: str
    function: str
    outcome: ReportOutcome
    memory_mb: int
    queued_ms: float
    environment_id: str | None = None
    initialization_type: str | None = None
    cold: bool = False
    init_ms: float | None = None
    duration_ms: float | None = None
    billed_ms: int | None = None
    max_memory_mb: int | None = None
    spilled_over: bool = False


def billed_ms(duration_ms: float, init_ms: float | None) -> int:
    """Duration and on-demand init, rounded up to 1 ms (AWS Lambda pricing, since August 2025)."""
    return math.ceil(duration_ms + (init_ms or 0.0))


def report_line(report: Report) -> str:
    """The line CloudWatch would show."""
    line = (
        f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms"
        f"\tBilled Duration: {report.billed_ms} ms\tMemory Size: {report.memory_mb} MB"
    )
    if report.max_memory_mb is not None:
        line += f"\tMax Memory Used: {report.max_memory_mb} MB"
    if report.init_ms is not None:
        line += f"\tInit Duration: {report.init_ms:.2f} ms"
    return line if report.outcome == "ok" else f"{line}\tStatus: {report.outcome}"


class ReportFile:
    """Reports as JSON lines, appended and flushed one by one."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, report: Report) -> None:
        """Append one report."""
        self._file.write(json.dumps(asdict(report)) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
