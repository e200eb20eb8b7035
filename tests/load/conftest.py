"""Records to build others from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loadtest.joined import ServerRecord
from loadtest.record import PREDICT, ClientRecord

Make = Callable[..., Any]

CLIENT = ClientRecord(
    start_s=100.0,
    user="Predict",
    name=PREDICT,
    status=200,
    outcome="ok",
    latency_ms=20.0,
    request_bytes=50_000,
    request_id="a",
    environment_id="e",
    cold=False,
)
SERVER = ServerRecord(
    request_id="a",
    end_s=100.1,
    function="ClassifierFunction",
    memory_mb=1024,
    environment_id="e",
    duration_ms=10.0,
    billed_ms=10,
)


@pytest.fixture
def client() -> Make:
    """A client's record with changes."""
    return lambda **changes: replace(CLIENT, **changes)


@pytest.fixture
def server() -> Make:
    """A server's record with changes."""
    return lambda **changes: replace(SERVER, **changes)
