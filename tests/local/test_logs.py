"""Lines from environments, and the report of each request."""

import asyncio
import json
from pathlib import Path

import pytest

from infra.local.aws_lambda.loglines import FunctionLog, pump_lines
from infra.local.aws_lambda.report import Report, ReportFile, billed_ms, report_line

REPORT = Report(
    time=1.0,
    request_id="id",
    function="F",
    outcome="ok",
    memory_mb=128,
    queued_ms=0.5,
    environment_id="e",
    duration_ms=5.25,
    billed_ms=106,
    init_ms=100.0,
    max_memory_mb=64,
)


def pump(*chunks: bytes) -> list[str]:
    async def run() -> list[str]:
        stream, lines = asyncio.StreamReader(), []
        for chunk in chunks:
            stream.feed_data(chunk)
        stream.feed_eof()
        await pump_lines(stream, lines.append)
        return lines

    return asyncio.run(run())


def test_lines_are_whole_whatever_the_chunks():
    assert pump(b"on", b"e\ntw", b"o\r\n", b"\nlast") == ["one", "two", "", "last"]


def test_what_is_not_utf8_is_replaced():
    assert pump(b"a\xffb\n") == ["a�b"]


def test_a_line_without_an_end_is_cut_and_nothing_is_lost():
    lines = pump(b"x" * 1_000_000)

    assert len(lines) > 1
    assert "".join(lines) == "x" * 1_000_000


def test_a_log_is_kept_and_echoed(tmp_path: Path):
    echoed: list[str] = []
    log = FunctionLog(tmp_path / "logs" / "F.log", echoed.append)
    for number in range(5):
        log.write(f"line {number}")
    log.close()

    assert log.tail(2) == ["line 3", "line 4"]
    assert len(echoed) == 5


def test_the_report_line_is_cloudwatchs():
    assert report_line(REPORT) == (
        "REPORT RequestId: id\tDuration: 5.25 ms\tBilled Duration: 106 ms\tMemory Size: 128 MB"
        "\tMax Memory Used: 64 MB\tInit Duration: 100.00 ms"
    )


def test_reports_are_appended_as_json_lines(tmp_path: Path):
    path = tmp_path / "logs" / "requests.jsonl"
    for _ in range(2):
        file = ReportFile(path)
        file.write(REPORT)
        file.close()

    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(records) == 2
    assert records[0]["init_ms"] == 100.0


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed"), [(1.0, None, 1), (1.01, None, 2), (5.25, 100.0, 106)]
)
def test_bills_whole_milliseconds(duration_ms: float, init_ms: float | None, billed: int):
    assert billed_ms(duration_ms, init_ms) == billed
