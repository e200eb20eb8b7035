"""Answers → lines of CSV or JSON Lines, one at a time."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from feedback.record import Feedback

COLUMNS = tuple(field.name for field in fields(Feedback))

# What spreadsheets take for a formula (OWASP, *CSV Injection*).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def jsonl_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """One JSON object a line, every value exactly as stored."""
    for answer in answers:
        yield json.dumps(_row(answer), ensure_ascii=False) + "\n"


def csv_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """A header, then RFC 4180 records; text a spreadsheet would run gets an apostrophe before it.

    A nonce may begin with a hyphen too, so only JSON Lines keeps every value exactly.
    """
    lines = _Lines()
    writer = csv.DictWriter(lines, COLUMNS)
    writer.writeheader()
    yield lines.last
    for answer in answers:
        writer.writerow({name: _inert(value) for name, value in _row(answer).items()})
        yield lines.last


class _Lines:
    """Hands back what ``csv`` writes."""

    last = ""

    def write(self, text: str) -> None:
        self.last = text


def _row(answer: Feedback) -> dict[str, Any]:
    return asdict(answer) | {"answered_at": answer.answered_at.isoformat(timespec="microseconds")}


def _inert(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
