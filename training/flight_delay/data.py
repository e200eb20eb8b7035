"""Flights of a year, from counts or one by one."""

import csv
import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flight_delay.model import COLUMNS, InvalidTable, encode
from flight_delay.names import Names
from training.errors import InvalidDataset

COUNTS = Path(__file__).with_name("delays_scl_2017.csv")
LATE_MIN = 15
HOURS = {"mañana": range(5, 12), "tarde": range(12, 19)}
NAMES = {
    "MES": [str(month) for month in range(1, 13)],
    "TIPOVUELO": ["I", "N"],
    "DIANOM": ["Lunes", "Martes", "Miercoles", "Jueves", "Viernes", "Sabado", "Domingo"],
    "periodo_dia": [*HOURS, "noche"],
}

Row = Mapping[str, str]


@dataclass(frozen=True)
class Flights:
    """Each flight's codes [n, columns] and whether it was late [n]; ``inputs`` names the codes."""

    codes: NDArray[np.int64]
    late: NDArray[np.int64]
    inputs: dict[str, list[str]]
    source: dict[str, object]


def read_flights(path: Path = COUNTS) -> Flights:
    """Counts as those committed here, or flights with the columns of ``dataset_SCL.csv``; also
    compressed by gzip.

    Raises:
        InvalidDataset: it cannot be read, lacks a column, or holds what is no value of it.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
        rows = list(csv.DictReader(StringIO(text, newline="")))
        by_count = bool(rows) and "delayed" in rows[0]
        flights = _flights(rows, _counts if by_count else _one_flight)
    except (OSError, EOFError, UnicodeDecodeError) as exc:
        raise InvalidDataset(f"{path} cannot be read: {exc}.") from exc
    except KeyError as exc:
        raise InvalidDataset(f"{path} has no column {exc}.") from exc
    except InvalidTable as exc:
        fault = exc.faults[0]
        raise InvalidDataset(f"{path}, row {fault.row + 1}: {fault.column} {fault.text}.") from exc
    except (ValueError, TypeError) as exc:
        raise InvalidDataset(f"{path} holds what is no date or number: {exc}.") from exc
    codes, late, inputs = flights
    source = {
        "source": "Flights from Santiago de Chile (SCL), 2017",
        "file": path.name,
        "file_sha256": sha256(data).hexdigest(),
        "flights": len(late),
        "delayed": int(late.sum()),
    }
    return Flights(codes, late, inputs, source)


def _flights(
    rows: list[dict[str, str]], count: Callable[[Row], tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, list[str]]]:
    inputs = {"OPERA": sorted({row["OPERA"] for row in rows}), **NAMES}
    names = {column: Names(inputs[column]) for column in COLUMNS}
    table = {
        **{column: [row[column] for row in rows] for column in COLUMNS[:-1]},
        "periodo_dia": [row.get("periodo_dia") or period_of(row["Fecha-I"]) for row in rows],
    }
    counts = np.array([count(row) for row in rows])
    codes = np.repeat(encode(table, names), counts.sum(axis=1), axis=0)
    late = np.repeat(np.tile([1, 0], len(rows)), counts.ravel())
    return codes, late, inputs


def _counts(row: Row) -> tuple[int, int]:
    """How many were late, and how many were not."""
    flights, delayed = int(row["flights"]), int(row["delayed"])
    return delayed, flights - delayed


def _one_flight(row: Row) -> tuple[int, int]:
    planned, left = (datetime.fromisoformat(row[name]) for name in ("Fecha-I", "Fecha-O"))
    late = (left - planned).total_seconds() > LATE_MIN * 60
    return int(late), int(not late)


def period_of(planned: str) -> str:
    """The time of day of ``2017-01-01 23:30:00``."""
    hour = datetime.fromisoformat(planned).hour
    return next((name for name, hours in HOURS.items() if hour in hours), "noche")


def known_columns(codes: NDArray[np.int64], columns: Iterable[str]) -> NDArray[np.int64]:
    """``codes`` where nothing is known but ``columns``."""
    known = np.isin(COLUMNS, list(columns))
    return np.where(known, codes, -1)
