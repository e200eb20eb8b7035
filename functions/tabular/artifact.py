"""A tabular model's artifact: a folder with ``model.onnx`` and ``model.json``, its manifest.

Training writes it; the one that serves until a model is trained is committed with the function.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving import artifact
from serving.artifact import ArtifactInvalid, read_verified

MODEL_FILE = "model.onnx"
VERSION_DIGITS = 32


@dataclass(frozen=True)
class Manifest:
    """What ``model.json`` says.

    ``inputs`` are the columns and, of those that are names, their values; ``classes`` stand in the
    order of the probabilities. ``threshold`` is where a probability becomes a yes, for two classes.
    ``run_id`` is the MLflow run that trained the model, None for the embedded one.
    """

    name: str
    version: str
    sha256: str
    run_id: str | None
    inputs: dict[str, list[str]]
    classes: list[str]
    threshold: float | None
    trained_on: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, float]

    @property
    def model_version(self) -> str:
        """32 hex digits: the run's id or, where there was none, the SHA-256's first."""
        return self.run_id or self.sha256[:VERSION_DIGITS]


def load_artifact(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest in ``folder``, and the ONNX model that it describes.

    Raises:
        ArtifactInvalid: a file is missing or malformed, or the model is not the manifest's.
    """
    raw, model = read_verified(folder, MODEL_FILE)
    return _manifest(raw, folder), model


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder`` alone, for where its model is listed and does not serve.

    Raises:
        ArtifactInvalid: it is missing or malformed.
    """
    return _manifest(artifact.read_manifest(folder), folder)


def _manifest(raw: dict[str, Any], folder: Path) -> Manifest:
    try:
        return Manifest(**raw)
    except TypeError as exc:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.") from exc
