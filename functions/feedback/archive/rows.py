"""Answers → lines of CSV or JSON Lines, one at a time."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from feedback.record import Feedback
from serving import spreadsheet

COLUMNS = tuple(field.name for field in fields(Feedback))


def jsonl_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """One JSON object a line, every value exactly as stored."""
    for answer in answers:
        yield json.dumps(_row(answer), ensure_ascii=False) + "\n"


def csv_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """A header, then records without formulas (see ``spreadsheet``).

    A nonce may begin with a hyphen too, so only JSON Lines keeps every value exactly.
    """
    return spreadsheet.csv_lines(COLUMNS, map(_row, answers))


def _row(answer: Feedback) -> dict[str, Any]:
    return asdict(answer) | {"answered_at": answer.answered_at.isoformat(timespec="microseconds")}
