"""Shards → the files people get, in one pass and in memory that does not grow."""

import json
from collections.abc import Iterable
from contextlib import ExitStack

from image_collections.contact_sheet import ContactSheet
from image_collections.page import write_page
from image_collections.rows import (
    COLUMNS,
    FAILURE_COLUMNS,
    cells,
    jsonl_line,
    read_rows,
)
from image_collections.tally import Tally
from serving.collection import Batch, Output
from serving.spreadsheet import Table

RESULTS = ("results.csv", "results.jsonl", "failures.csv", "summary.json", "report.html")


def write_report(
    batches: Iterable[Batch], output: Output, title: str, min_score: float | None
) -> Tally:
    """Write ``RESULTS``, unsure as ``is_unsure`` says; the same shards give the same bytes."""
    tally, sheet = Tally(min_score), ContactSheet(min_score)
    with ExitStack() as files:
        results = files.enter_context(output.writer("results.jsonl"))
        table = files.enter_context(output.writer("results.csv"))
        failures = files.enter_context(output.writer("failures.csv"))
        every, failed = Table(COLUMNS), Table(FAILURE_COLUMNS)
        table.write(every.header().encode())
        failures.write(failed.header().encode())
        for row in read_rows(batches, output):
            tally.add(row)
            sheet.add(row)
            results.write(jsonl_line(row))
            table.write(every.line(cells(row)).encode())
            if row["code"] is not None:
                failures.write(failed.line(row).encode())
    with output.writer("report.html") as file:
        write_page(file, title, tally, sheet)
    with output.writer("summary.json") as file:
        file.write(json.dumps(tally.summary(), indent=1, ensure_ascii=False).encode() + b"\n")
    return tally
