"""Rows → CSV that a spreadsheet may open: no cell begins a formula."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

# Where a cell may begin, whatever a spreadsheet splits on, and what it takes for a formula there,
# full-width forms too (OWASP, *CSV Injection*). One that splits on something else than commas reads
# quotes within a line as text, so quoting protects nothing there.
_FORMULA = re.compile(r"""((?:^|[,;|\t\n\r])[\s"]*)(?=[=+\-@＝＋－＠])""")


class Table:
    """Lines of RFC 4180 CSV with these ``columns``, texts made ``inert``."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._written = _Written()
        self._writer = csv.writer(self._written)

    def header(self) -> str:
        """The names of the columns."""
        self._writer.writerow(self._columns)
        return self._written.last

    def line(self, row: Mapping[str, object]) -> str:
        """The columns of ``row``; what else it has is left out."""
        cells = (row[column] for column in self._columns)
        self._writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in cells])
        return self._written.last


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """A header, then a line for each row."""
    table = Table(columns)
    yield table.header()
    yield from map(table.line, rows)


def inert(text: str) -> str:
    """``text`` with an apostrophe before all that a spreadsheet would run, be it split on commas,
    semicolons, tabs, bars or lines.
    """
    return _FORMULA.sub(r"\1'", text)


class _Written:
    """Hands back what ``csv`` writes."""

    last = ""

    def write(self, text: str) -> None:
        self.last = text
