"""One record per request to a function: Lambda's REPORT line, with true figures."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.local.aws_lambda.environment import OutcomeKind

ReportOutcome = OutcomeKind | Literal["initialized", "too_many_requests", "abandoned", "not ok"]
"""Besides an invocation's own outcomes: ``initialized`` is a provisioned environment started ahead
of requests, ``too_many_requests`` was refused at a full queue, ``abandoned`` left the queue; of a
line of CloudWatch's it is only known that it is ``not ok``."""

_LINE = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\s+Duration: (?P<duration>[\d.]+) ms\s+"
    r"Billed Duration: (?P<billed>\d+) ms\s+Memory Size: (?P<memory>\d+) MB"
    r"(?:.*?Init Duration: (?P<init>[\d.]+) ms)?(?P<status>.*?Status: )?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Report:
    """One line of ``requests.jsonl``; times in milliseconds, ``time`` in epoch seconds at its end.

    Without an environment (refused, abandoned) what an environment has is None, as is what a
    line of CloudWatch's does not say.
    """

    time: float
    request_id: str
    function: str
    outcome: ReportOutcome
    memory_mb: int
    queued_ms: float | None
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


def parse_report(line: str, time: float, function: str, environment_id: str) -> Report | None:
    """The report in a line of CloudWatch's; None if the line is another's.

    It does not say how the environment was initialised: ``Init Duration`` is there after
    provisioning too. Whether a request was cold is for its answer's header to tell.
    """
    match = _LINE.match(line)
    if match is None:
        return None
    return Report(
        time=time,
        request_id=match["id"],
        function=function,
        outcome="not ok" if match["status"] else "ok",
        memory_mb=int(match["memory"]),
        queued_ms=None,
        environment_id=environment_id,
        init_ms=float(match["init"]) if match["init"] else None,
        duration_ms=float(match["duration"]),
        billed_ms=int(match["billed"]),
    )


@dataclass(frozen=True)
class LocalReports:
    """What ``ReportFile`` wrote, or writes."""

    path: Path

    def between(self, start_s: float, end_s: float) -> Iterator[Report]:
        """Of requests that ended between two times (epoch seconds)."""
        lines = self.path.read_text("utf-8").splitlines()
        reports = (Report(**json.loads(line)) for line in lines)
        return (report for report in reports if start_s <= report.time <= end_s)

    def spilled_over(self, start_s: float, end_s: float) -> int:
        """Invocations beyond provisioned concurrency in that time."""
        return sum(report.spilled_over for report in self.between(start_s, end_s))


class ReportFile:
    """Reports as JSON lines, appended and flushed one by one."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, report: Report) -> None:
        """Append one report."""
        self._file.write(json.dumps(vars(report)) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
