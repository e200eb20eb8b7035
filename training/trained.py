"""What a training gives: the same for every model, so that all are verified and tracked alike."""

from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from serving.artifact import VERSION_DIGITS
from tabular.artifact import Manifest
from tabular.runtime import load_model
from training.errors import VerificationRefused

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Trained:
    """A model that was trained, evaluated and converted.

    ``rows`` are the features of the whole data set, float32 [n, features], and ``expected`` what
    the trained model answers to them, [n, classes]. ``champion_metric`` decides between versions:
    more is better.
    """

    name: str
    onnx: bytes
    rows: NDArray[np.float32]
    expected: NDArray[np.float64]
    inputs: dict[str, list[str]]
    classes: list[str]
    threshold: float | None
    trained_on: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, float]
    champion_metric: str
    plots: dict[str, Figure] = field(default_factory=dict)


def verified_manifest(trained: Trained) -> Manifest:
    """The manifest of an embedded model, once its conversion agrees with what was trained.

    Raises:
        VerificationRefused: a probability differs by more than ``TOLERANCE``.
    """
    difference = float(np.abs(load_model(trained.onnx)(trained.rows) - trained.expected).max())
    if not difference <= TOLERANCE:  # NaN is not
        raise VerificationRefused(
            f"{trained.name}: ONNX differs by {difference:.2g} from the trained model, "
            f"{TOLERANCE:g} is allowed. Nothing was written."
        )
    digest = sha256(trained.onnx).hexdigest()
    return Manifest(
        name=trained.name,
        version=digest[:VERSION_DIGITS],
        sha256=digest,
        run_id=None,
        inputs=trained.inputs,
        classes=trained.classes,
        threshold=trained.threshold,
        trained_on=trained.trained_on,
        training=trained.training,
        metrics={name: round(value, 4) for name, value in trained.metrics.items()},
    )


def as_run(manifest: Manifest, run_id: str) -> dict[str, Any]:
    """``model.json`` of a model that the MLflow run ``run_id`` trained."""
    return asdict(replace(manifest, run_id=run_id))
