"""The flights of 2017 one by one, where there are any."""

from pathlib import Path

import pytest

from tests.conftest import ROOT

ROWS = ROOT.parent / "shared" / "flights" / "flights_scl_2017.csv.gz"


@pytest.fixture
def flights_in_shared() -> Path:
    if not ROWS.is_file():
        pytest.skip(f"no {ROWS}: the flights one by one are too many for the project to hold")
    return ROWS
