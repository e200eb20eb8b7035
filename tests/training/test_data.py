"""Flights as they are read: counted, or one by one."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from training.errors import InvalidDataset
from training.flight_delay.data import COUNTS, period_of, read_flights

ORIGINAL = (
    "Fecha-I,Vlo-I,Ori-I,Des-I,Emp-I,Fecha-O,Vlo-O,Ori-O,Des-O,Emp-O,"
    "DIA,MES,AÑO,DIANOM,TIPOVUELO,OPERA,SIGLAORI,SIGLADES\n"
    "2017-01-01 23:30:00,226,SCEL,KMIA,AAL,2017-01-01 {left},226,SCEL,KMIA,AAL,"
    "1,1,2017,Domingo,I,American Airlines,Santiago,Miami\n"
)


def test_the_committed_counts_are_those_of_their_description():
    flights = read_flights()

    assert (len(flights.late), flights.late.sum()) == (68_206, 12_614)
    assert "68,206 flights, 12,614 delayed" in COUNTS.with_suffix(".md").read_text()


def test_the_counts_are_those_of_the_flights_one_by_one(flights_in_shared: Path):
    expected, flights = (
        np.unique(np.column_stack([each.codes, each.late]), axis=0, return_counts=True)
        for each in (read_flights(), read_flights(flights_in_shared))
    )

    np.testing.assert_array_equal(flights[0], expected[0])
    np.testing.assert_array_equal(flights[1], expected[1])


@pytest.mark.parametrize(("left", "late"), [("23:45:00", 0), ("23:45:01", 1), ("23:20:00", 0)])
def test_reads_the_original_columns_and_counts_from_fifteen_minutes(
    tmp_path: Path, left: str, late: int
):
    (tmp_path / "dataset_SCL.csv.gz").write_bytes(
        gzip.compress(ORIGINAL.format(left=left).encode())
    )

    flights = read_flights(tmp_path / "dataset_SCL.csv.gz")

    assert flights.late.tolist() == [late]
    assert flights.codes.tolist() == [[0, 0, 0, 6, 2]]


@pytest.mark.parametrize(
    ("time", "period"),
    [("04:59:59", "noche"), ("05:00:00", "mañana"), ("12:00:00", "tarde"), ("19:00:00", "noche")],
)
def test_the_time_of_day_is_that_of_the_published_data(time: str, period: str):
    assert period_of(f"2017-01-01 {time}") == period


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column|holds|row"),
        ("a,b\n1,2\n", "no column 'OPERA'"),
        (ORIGINAL.format(left="late"), "no date"),
        (ORIGINAL.format(left="23:45:00").replace("Domingo", "Sunday"), "row 1: DIANOM"),
    ],
    ids=["empty", "other columns", "no date", "no weekday"],
)
def test_refuses_what_it_cannot_use(tmp_path: Path, text: str, words: str):
    (tmp_path / "flights.csv").write_text(text)

    with pytest.raises(InvalidDataset, match=words):
        read_flights(tmp_path / "flights.csv")
