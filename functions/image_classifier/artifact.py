"""The model artifact: a folder with ``model.tflite``, ``model.json`` and ``labels.json``.

The exporter writes it, the image contains it, and the runtime reads nothing else.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from serving.artifact import ArtifactInvalid, read_verified

MODEL_FILE = "model.tflite"
LABELS_FILE = "labels.json"

Resampling = Literal["bilinear", "bicubic"]


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

    ``resize_shorter_side`` is at least the larger of the two, or the cut would not fit. Artifacts
    that say nothing of ``resampling`` are from before there was a choice.
    """

    height: int
    width: int
    resize_shorter_side: int
    resampling: Resampling = "bicubic"


@dataclass(frozen=True)
class Threshold:
    """An answer of at least ``score`` is sure: the share ``coverage`` of the photos was, and of
    these ``precision`` was right, where ``wanted`` was asked for.
    """

    score: float
    wanted: float
    precision: float
    coverage: float


MOST_BINS = 10
"""Of a distribution; infra/drift.yaml has room for as many."""


@dataclass(frozen=True)
class Bins:
    """How a measure is spread: ``shares`` of the photos, in at most ``MOST_BINS`` bins that each
    end with one of ``edges``, which rise, and a last one beyond these."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """What was done so that scores mean what they say, on how many ``photos`` and on which.

    Logits are divided by ``temperature`` in the graph. The expected calibration errors are of
    scores without it, and of scores with one that was fitted on other photos. ``distributions`` are
    of what ``certainty`` measures, with it; artifacts from before there were any have none.
    """

    temperature: float
    error_before: float
    error_after: float
    photos: int
    on: str
    threshold: Threshold | None
    distributions: dict[str, Bins] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What ``model.json`` says; ``version`` is the first 12 hex digits of ``sha256``.

    ``calibration`` is None where scores are the model's own.
    """

    name: str
    version: str
    sha256: str
    input: InputSpec
    quantization: str
    weights: dict[str, Any]
    agreement: dict[str, Any]
    calibration: Calibration | None = None

    @property
    def threshold(self) -> Threshold | None:
        """None for most models: it comes with a calibration, where enough answers were right."""
        return self.calibration.threshold if self.calibration else None

    def is_sure(self, score: float) -> bool | None:
        """Whether an answer of that score is sure; None where the model has no threshold."""
        return None if self.threshold is None else score >= self.threshold.score


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
        raw, model = read_verified(folder, MODEL_FILE)
        calibration = _calibration(raw.get("calibration"))
        manifest = Manifest(**(raw | {"input": _input(raw["input"]), "calibration": calibration}))
        labels = _labels(json.loads((folder / LABELS_FILE).read_bytes()))
    except OSError as exc:
        raise ArtifactInvalid(f"No complete model artifact in {folder}: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.") from exc
    return Artifact(manifest, labels, model)


def _input(raw: dict[str, Any]) -> InputSpec:
    spec = InputSpec(**raw)
    if spec.resampling not in get_args(Resampling):
        raise ValueError("no such resampling")
    if spec.resize_shorter_side < max(spec.height, spec.width):
        raise ValueError("the cut does not fit into the resized image")
    return spec


def _calibration(raw: dict[str, Any] | None) -> Calibration | None:
    if raw is None:
        return None
    threshold = Threshold(**raw["threshold"]) if raw["threshold"] else None
    distributions = {
        name: Bins(tuple(bins["edges"]), tuple(bins["shares"]))
        for name, bins in raw.get("distributions", {}).items()
    }
    return Calibration(**(raw | {"threshold": threshold, "distributions": distributions}))


def _labels(raw: list[dict[str, Any]]) -> tuple[Label, ...]:
    labels = tuple(
        Label(entry["index"], entry["wnid"], entry["label"], tuple(entry.get("synonyms", ())))
        for entry in raw
    )
    if [label.index for label in labels] != list(range(len(labels))) or not labels:
        raise ValueError("label indices do not count from 0")
    return labels
