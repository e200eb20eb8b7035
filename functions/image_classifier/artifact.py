"""The model artifact: a folder with ``model.tflite``, ``model.json`` and ``labels.json``.

The exporter writes it, the image carries it, and nothing else tells the runtime what it serves.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.errors import ServiceError

MODEL_FILE = "model.tflite"
MANIFEST_FILE = "model.json"
LABELS_FILE = "labels.json"
VERSION_DIGITS = 12


class ArtifactInvalid(ServiceError):
    """The artifact is missing, incomplete, or not what its manifest says."""

    code = "artifact_invalid"


@dataclass(frozen=True)
class Label:
    """One class; ``wnid`` is its WordNet id, None where the labels are not ImageNet's."""

    index: int
    wnid: str | None
    label: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputSpec:
    """Pixels the model takes: height by width, cut from the centre after resizing.

    ``resize_shorter_side`` is at least the larger of the two, or the cut would not fit.
    """

    height: int
    width: int
    resize_shorter_side: int


@dataclass(frozen=True)
class Manifest:
    """What ``model.json`` says; ``version`` is the first 12 hex digits of ``sha256``."""

    name: str
    version: str
    sha256: str
    input: InputSpec
    quantization: str
    weights: dict[str, Any]
    agreement: dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A verified artifact: manifest, labels in class order, and the model's bytes."""

    manifest: Manifest
    labels: tuple[Label, ...]
    model: bytes


def load_artifact(folder: Path) -> Artifact:
    """Read and verify the artifact in ``folder``.

    Raises:
        ArtifactInvalid: a file is missing or malformed, or the model is not the manifest's.
    """
    try:
        manifest = _manifest(json.loads((folder / MANIFEST_FILE).read_bytes()))
        labels = _labels(json.loads((folder / LABELS_FILE).read_bytes()))
        model = (folder / MODEL_FILE).read_bytes()
    except OSError as exc:
        raise ArtifactInvalid(f"No complete model artifact in {folder}: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.") from exc
    if hashlib.sha256(model).hexdigest() != manifest.sha256:
        raise ArtifactInvalid(f"{folder / MODEL_FILE} does not have the SHA-256 of its manifest.")
    return Artifact(manifest, labels, model)


def _manifest(raw: dict[str, Any]) -> Manifest:
    manifest = Manifest(**(raw | {"input": InputSpec(**raw["input"])}))
    spec = manifest.input
    if spec.resize_shorter_side < max(spec.height, spec.width):
        raise ValueError("the cut does not fit into the resized image")
    if manifest.version != manifest.sha256[:VERSION_DIGITS]:
        raise ValueError("version is not the start of sha256")
    return manifest


def _labels(raw: list[dict[str, Any]]) -> tuple[Label, ...]:
    labels = tuple(
        Label(entry["index"], entry["wnid"], entry["label"], tuple(entry.get("synonyms", ())))
        for entry in raw
    )
    if [label.index for label in labels] != list(range(len(labels))) or not labels:
        raise ValueError("label indices do not count from 0")
    return labels
