"""Flights → probabilities of a delay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flight_delay.names import MISSING, UNKNOWN, Names
from tabular.artifact import Manifest
from tabular.runtime import Infer

REQUIRED = ("OPERA", "MES", "TIPOVUELO")
OPTIONAL = ("DIANOM", "periodo_dia")
COLUMNS = (*REQUIRED, *OPTIONAL)
MAX_FAULTS = 5
MAX_SHOWN = 40

Table = Mapping[str, Sequence[str | None]]
"""Column → a text for each flight, None where it is missing; optional columns may be absent."""


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell; rows count from 0."""

    row: int
    column: str
    text: str


class InvalidTable(ValueError):
    """Of ``count`` cells that hold no value of their column, ``faults`` are the first few."""

    def __init__(self, faults: list[Fault], count: int) -> None:
        super().__init__(f"{count} cells are wrong.")
        self.faults = faults
        self.count = count


@dataclass(frozen=True)
class DelayModel:
    """A loaded model: ``infer`` maps ``features`` to the probabilities of both classes, [n, 2]."""

    manifest: Manifest
    infer: Infer

    @property
    def threshold(self) -> float:
        """From which probability on a flight is called delayed; even odds where none was chosen."""
        return 0.5 if self.manifest.threshold is None else self.manifest.threshold

    @cached_property
    def names(self) -> dict[str, Names]:
        """The names of each column."""
        return {column: Names(self.manifest.inputs[column]) for column in COLUMNS}

    def probabilities(self, table: Table) -> NDArray[np.float64]:
        """The probability that each flight is delayed by more than 15 minutes, [n].

        Raises:
            InvalidTable
        """
        codes = encode(table, self.names)
        sizes = [len(self.names[column].names) for column in COLUMNS]
        return self.infer(features(codes, sizes))[:, 1].astype(np.float64)

    def responses(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """1 for each flight that is called delayed, [n]: from the model's threshold on."""
        return (probabilities >= self.threshold).astype(np.int64)


def encode(table: Table, names: Mapping[str, Names]) -> NDArray[np.int64]:
    """Texts → their codes [n, columns], ``MISSING`` where an optional one is missing.

    Raises:
        InvalidTable: an unknown name, or a required one is missing.
    """
    rows = len(table[REQUIRED[0]])
    codes = np.full((rows, len(COLUMNS)), MISSING, np.int64)
    for index, column in enumerate(COLUMNS):
        if column in table:
            codes[:, index] = names[column].codes(table[column])
    wrong = codes == UNKNOWN
    wrong[:, : len(REQUIRED)] |= codes[:, : len(REQUIRED)] == MISSING
    if wrong.any():
        places = np.argwhere(wrong)
        faults = [
            Fault(int(row), COLUMNS[index], _fault(names[COLUMNS[index]], table, row, index))
            for row, index in places[:MAX_FAULTS]
        ]
        raise InvalidTable(faults, len(places))
    return codes


def features(codes: NDArray[np.int64], sizes: Sequence[int]) -> NDArray[np.float32]:
    """Codes [n, columns] → float32 [n, 1 + sum(sizes)]: the month's number, then a 1 for each name.

    A missing column is all zeros, as it was in half of the training.
    """
    rows = np.zeros((len(codes), 1 + sum(sizes)), np.float32)
    rows[:, 0] = codes[:, COLUMNS.index("MES")] + 1
    known = codes != MISSING
    starts = 1 + np.cumsum([0, *sizes[:-1]])
    rows[np.nonzero(known)[0], (codes + starts)[known]] = 1
    return rows


def _fault(names: Names, table: Table, row: int, index: int) -> str:
    text = table[COLUMNS[index]][row] if COLUMNS[index] in table else None
    if text is None:
        return "is missing"
    shown = repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…")
    if COLUMNS[index] != "OPERA":
        return f"{shown} is none of {', '.join(names.names)}"
    nearest = ", ".join(names.nearest(text)) or "none; GET /v1/flights/airlines lists all"
    return f"{shown} is no airline known here; the nearest: {nearest}"
