"""The classifier with a fake model: pixels in, made-up but lawful probabilities out."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from image_classifier.artifact import (
    Artifact,
    Calibration,
    InputSpec,
    Label,
    Manifest,
    Threshold,
)
from image_classifier.classifier import Classifier
from image_classifier.predictor import Predictor
from image_classifier.routes import create_router
from serving.api import create_app
from serving.receipts import ReceiptBook
from serving.telemetry import Record, ServingEnvironment
from tabular.routes import list_models

RECEIPT_KEY = "k" * 32
CLASSES = 12


class RecordingTelemetry:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.requests: list[Record] = []
        self.crashes: list[Exception] = []

    def note(self, record: Record) -> None:
        self.requests.append(record)

    def crash(self, _record: Record, error: Exception) -> None:
        self.crashes.append(error)


def colour_model(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over fixed projections of the mean colour: the same photo always ranks the same."""
    colour = image.mean(axis=(0, 1, 2)) / 255
    logits = np.random.default_rng(7).normal(size=(CLASSES, 3)) @ colour
    exp = np.exp(logits - logits.max())
    return (exp / exp.sum()).astype(np.float32)


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    sha256 = "0123456789abcdef" * 4
    manifest = Manifest(
        name="colours",
        version=sha256[:12],
        sha256=sha256,
        input=InputSpec(height=224, width=224, resize_shorter_side=256),
        quantization="float32",
        weights={"source": "made for tests", "sha256": "", "licence": "MIT"},
        agreement={},
    )
    labels = tuple(
        Label(i, f"n{i:08}", f"colour {i}", (f"shade {i}", f"tint {i}")) for i in range(CLASSES)
    )
    return Artifact(manifest, labels, model=b"")


def with_threshold(artifact: Artifact, score: float) -> Artifact:
    """The artifact with a threshold of that ``score``."""
    threshold = Threshold(score, wanted=0.95, precision=0.96, coverage=0.7)
    calibration = Calibration(0.8, 0.1, 0.05, 160, "160 photos", threshold)
    return replace(artifact, manifest=replace(artifact.manifest, calibration=calibration))


def calibrated_copy(artifact: Path, folder: Path, calibration: Calibration) -> Path:
    """The artifact's files in ``folder``, with another calibration in the manifest."""
    shutil.copytree(artifact, folder)
    path = folder / "model.json"
    manifest = json.loads(path.read_text("utf-8")) | {"calibration": calibration}
    path.write_text(json.dumps(manifest, default=vars), "utf-8")
    return folder


def predictor_of(
    artifact: Artifact, infer: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Predictor:
    nonces = (f"nonce-{i}" for i in itertools.count())
    ticks = itertools.count()
    return Predictor(
        classifier=Classifier(artifact, infer, clock_s=lambda: next(ticks) / 1000),
        receipts=ReceiptBook(RECEIPT_KEY),
        new_nonce=lambda: next(nonces),
        threads=1,
    )


@pytest.fixture
def telemetry() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture
def build_app(artifact: Artifact, telemetry: RecordingTelemetry) -> Callable[..., ASGIApp]:
    def build(
        infer: Callable[[NDArray[np.float32]], NDArray[np.float32]] = colour_model,
        stands_in_for: str | None = None,
        initialization_type: str = "on-demand",
        other_models: tuple[Path, ...] = (),
        threshold: float | None = None,
    ) -> ASGIApp:
        others = partial(list_models, other_models)
        served = artifact if threshold is None else with_threshold(artifact, threshold)
        router = create_router(predictor_of(served, infer), stands_in_for, others)
        return create_app(
            "Test", "/v1", router, ServingEnvironment("env-1", initialization_type), telemetry
        )

    return build


@pytest.fixture
def api(build_app: Callable[..., ASGIApp]) -> Iterator[TestClient]:
    with TestClient(build_app()) as client:
        yield client


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A real photo: the cat that scikit-image ships."""
    return (Path(skimage.__file__).parent / "data" / "chelsea.png").read_bytes()
