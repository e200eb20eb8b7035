"""The doors around the classifier with a fake model."""

import time
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from front_doors import hugging_face, open_inference, tensorflow_serving
from front_doors.photo_model import photo_model
from front_doors.refusals import error_object
from image_classifier.artifact import Artifact
from image_classifier.classifier import Classifier
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import (
    RecordingTelemetry,
    api,
    artifact,
    build_app,
    colour_model,
    photo,
)

__all__ = ["api", "artifact", "build_app", "photo"]


@pytest.fixture(scope="module")
def telemetry() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture(scope="module")
def doors(artifact: Artifact, telemetry: RecordingTelemetry) -> Iterator[TestClient]:
    classifier = Classifier(artifact, colour_model, time.perf_counter)
    router = APIRouter()
    router.include_router(open_inference.create_router([photo_model(classifier)]))
    router.include_router(tensorflow_serving.create_router(classifier))
    router.include_router(hugging_face.create_router(classifier))
    app = create_app(
        *("Test", "", router),
        *(ServingEnvironment("env-1", "on-demand"), telemetry),
        error_form=error_object,
    )
    with TestClient(app) as client:
        yield client
