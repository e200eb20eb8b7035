"""Records to build others from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.local.aws_lambda.report import Report
from loadtest.records import PREDICT, Request

Make = Callable[..., Any]

REQUEST = Request(
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
REPORT = Report(
    time=100.1,
    request_id="a",
    function="ClassifierFunction",
    outcome="ok",
    memory_mb=1024,
    queued_ms=1.5,
    environment_id="e",
    duration_ms=10.0,
    billed_ms=10,
)


@pytest.fixture
def client() -> Make:
    """A request as its client saw it, with changes."""
    return lambda **changes: replace(REQUEST, **changes)


@pytest.fixture
def server() -> Make:
    """The server's record of a request, with changes."""
    return lambda **changes: replace(REPORT, **changes)
