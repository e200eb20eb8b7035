"""Flight delay around its embedded model."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flight_delay.model import DelayModel
from flight_delay.routes import create_router
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tabular.artifact import load_artifact
from tabular.runtime import load_model
from tests.classifier_fakes import RecordingTelemetry
from tests.conftest import ROOT

EMBEDDED = ROOT / "functions" / "flight_delay" / "model"


def delay_model(folder: Path = EMBEDDED) -> DelayModel:
    manifest, model = load_artifact(folder)
    return DelayModel(manifest, load_model(model))


@pytest.fixture(scope="session")
def model() -> DelayModel:
    return delay_model()


@pytest.fixture
def api(model: DelayModel) -> TestClient:
    environment = ServingEnvironment("env-1", "on-demand")
    app = create_app(
        "Delay",
        "",
        create_router(model),
        environment,
        RecordingTelemetry(),
        docs_path="/v1/flights",
    )
    return TestClient(app)
