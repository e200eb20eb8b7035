"""Answers → lines of CSV or JSON Lines, one at a time."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from feedback.record import Feedback

COLUMNS = tuple(field.name for field in fields(Feedback))

# Where a cell may begin, whatever a spreadsheet splits on, and what it takes for a formula there,
# full-width forms too (OWASP, *CSV Injection*). One that splits on something else than commas reads
# quotes within a line as text, so quoting protects nothing there.
_FORMULA = re.compile(r"""((?:^|[,;|\t\n\r])[\s"]*)(?=[=+\-@＝＋－＠])""")


def jsonl_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """One JSON object a line, every value exactly as stored."""
    for answer in answers:
        yield json.dumps(_row(answer), ensure_ascii=False) + "\n"


def csv_lines(answers: Iterable[Feedback]) -> Iterator[str]:
    """A header, then RFC 4180 records without formulas (see ``inert``).

    A nonce may begin with a hyphen too, so only JSON Lines keeps every value exactly.
    """
    lines = _Lines()
    writer = csv.DictWriter(lines, COLUMNS)
    writer.writeheader()
    yield lines.last
    for answer in answers:
        row = _row(answer).items()
        writer.writerow({k: inert(v) if isinstance(v, str) else v for k, v in row})
        yield lines.last


def inert(text: str) -> str:
    """``text`` with an apostrophe before all that a spreadsheet would run, be it split on commas,
    semicolons, tabs, bars or lines.
    """
    return _FORMULA.sub(r"\1'", text)


class _Lines:
    """Hands back what ``csv`` writes."""

    last = ""

    def write(self, text: str) -> None:
        self.last = text


def _row(answer: Feedback) -> dict[str, Any]:
    return asdict(answer) | {"answered_at": answer.answered_at.isoformat(timespec="microseconds")}
