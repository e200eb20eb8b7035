"""Rows → CSV that a spreadsheet may open: no cell begins a formula."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

# Where a cell may begin, whatever a spreadsheet splits on, and what it takes for a formula there,
# full-width forms too (OWASP, *CSV Injection*). One that splits on something else than commas reads
# quotes within a line as text, so quoting protects nothing there.
_FORMULA = re.compile(r"""((?:^|[,;|\t\n\r])[\s"]*)(?=[=+\-@＝＋－＠])""")


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """A header, then RFC 4180 records of the rows' ``columns``, texts made ``inert``."""
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(columns)
    yield lines.last
    for row in rows:
        cells = (row[column] for column in columns)
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in cells])
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
