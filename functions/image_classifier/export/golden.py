"""What Keras answers to real photos, for checking a deployed artifact against it.

A folder: ``golden.json`` and the photos it names. ``deployment_check`` reads it.
"""

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from image_classifier.artifact import Artifact
from image_classifier.export.errors import InvalidInput, VerificationRefused
from image_classifier.export.write import check_unused
from image_classifier.ranking import rank

GOLDEN_FILE = "golden.json"
CLASSES_KEPT = 5
DIGITS = 4  # of a score; the next ones vary between processors
# Over what the artifact differed by when it was verified: another processor gets other kernels.
# Measured between LiteRT's sets of kernels on EfficientNet-Lite0: 0.000003, 0.000001 and 0.037.
OTHER_KERNELS = {"float32": 0.001, "float16": 0.001, "dynamic-range-int8": 0.05}
LEAST_DECISIVE = 3

Answers = Mapping[str, NDArray[np.float32]]


def golden_files(
    artifact: Artifact, photos: Mapping[str, bytes], answers: Answers
) -> dict[str, bytes]:
    """File name → content, from Keras' probabilities [classes] for each photo.

    A photo is decisive when Keras' favourite leads by more than twice the tolerance: then the
    artifact must have the same one. On all photos the scores of Keras' five favourites must agree.

    Raises:
        VerificationRefused: too few photos are decisive, so that the check could not fail.
    """
    manifest = artifact.manifest
    tolerance = (
        manifest.agreement["max_probability_difference"] + OTHER_KERNELS[manifest.quantization]
    )
    entries = [_entry(artifact, name, answers[name], tolerance) for name in photos]
    decisive = sum(bool(entry["decisive"]) for entry in entries)
    if decisive < LEAST_DECISIVE:
        raise VerificationRefused(
            f"The model is sure of {decisive} of {len(photos)} photos only, so that they tell"
            " nothing of it: no golden photos were written."
        )
    golden = {
        "model": {"name": manifest.name, "version": manifest.version},
        "tolerance": tolerance,
        "photos": entries,
    }
    return {GOLDEN_FILE: json.dumps(golden, indent=1).encode(), **photos}


def write_golden(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` into ``folder``, which must be new or empty.

    Raises:
        InvalidInput: it is not, or cannot be written.
    """
    check_unused(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as exc:
        raise InvalidInput(f"Cannot write golden photos to {folder}: {exc.strerror}.") from exc


def _entry(
    artifact: Artifact, name: str, answer: NDArray[np.float32], tolerance: float
) -> dict[str, object]:
    best = rank(answer, artifact.labels, CLASSES_KEPT)
    return {
        "file": name,
        "media_type": mimetypes.guess_type(name)[0],
        "decisive": best[0].score - best[1].score > 2 * tolerance,
        "expected": [
            {"label": prediction.label, "score": round(prediction.score, DIGITS)}
            for prediction in best
        ],
    }
