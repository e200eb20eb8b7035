"""The app of predictions around table and bucket, for all tests of this folder."""

import itertools

import pytest
from starlette.testclient import TestClient

from predictions.routes import create_router
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import RecordingTelemetry
from tests.prediction_fakes import Account, Clock, account, an_id, clock

__all__ = ["account", "clock"]


@pytest.fixture
def api(account: Account, clock: Clock) -> TestClient:
    numbers = itertools.count(1)
    router = create_router(account.table, account.photos, lambda: an_id(next(numbers)), clock)
    environment, telemetry = ServingEnvironment("e", "on-demand"), RecordingTelemetry()
    return TestClient(create_app("Test", "/v1", router, environment, telemetry, "/v1/predictions"))
