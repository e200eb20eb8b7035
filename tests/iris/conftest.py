"""Iris around its embedded model."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from iris.model import IrisModel
from iris.routes import create_router
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tabular.artifact import load_artifact
from tabular.runtime import Infer, load_model
from tests.classifier_fakes import RecordingTelemetry
from tests.conftest import ROOT


@pytest.fixture
def telemetry() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture
def build_api(telemetry: RecordingTelemetry) -> Callable[..., TestClient]:
    manifest, model = load_artifact(ROOT / "functions" / "iris" / "model")

    def build(infer: Infer | None = None) -> TestClient:
        router = create_router(IrisModel(manifest, infer or load_model(model)))
        app = create_app(
            "Iris",
            "/v1",
            router,
            ServingEnvironment("env-1", "on-demand"),
            telemetry,
            docs_path="/v1/iris",
        )
        return TestClient(app)

    return build


@pytest.fixture
def api(build_api: Callable[..., TestClient]) -> TestClient:
    return build_api()
