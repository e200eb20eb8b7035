"""``python -m teaching.calibrated --photos FOLDER … -- …``: the exporter, and scores calibrated.

What follows ``--`` are the exporter's own arguments.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluation.answers import answers_of
from evaluation.photos import PhotosInvalid, class_indices, list_photos
from image_classifier.artifact import Calibration, InputSpec
from image_classifier.export.__main__ import main as export
from image_classifier.export.recipe import RESNET50_WEIGHTS, Recipe
from image_classifier.runtime import Infer
from serving.errors import ServiceError
from teaching.arguments import precision
from teaching.calibrate import LEAST_PHOTOS, calibrate

if TYPE_CHECKING:
    from image_classifier.export.build import Calibrate

LEAST_LOG = np.log(1e-12)


def main(arguments: Sequence[str]) -> int:
    """Export a model with calibrated scores; the exporter's exit status."""
    parser = argparse.ArgumentParser(prog="python -m teaching.calibrated", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--min-precision", type=precision, default=0.95)
    parser.add_argument("exporter", nargs="*", metavar="ARGUMENT")
    options = parser.parse_args(arguments)
    held_out = partial(prepare, options.photos, options.min_precision)
    try:
        return export(options.exporter, os.environ, RESNET50_WEIGHTS, held_out)
    except ServiceError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201
        return 2


def prepare(folder: Path, min_precision: float, recipe: Recipe) -> "Calibrate":
    """What calibrates the model of ``recipe`` on the photos of ``folder``.

    Raises:
        PhotosInvalid: they are too few, or not of its classes; seconds before TensorFlow.
    """
    listing = list_photos(folder, None)
    truth = class_indices(listing, recipe.name, recipe.labels)
    _check_enough(folder, len(truth))

    def calibrate_on(spec: InputSpec, infer: Infer) -> tuple[Calibration, Sequence[str]]:
        answers = answers_of(listing.photos, truth, spec, infer)
        _check_enough(folder, len(answers.truth))
        with np.errstate(divide="ignore"):
            logs = np.log(answers.probabilities.astype(np.float64)).clip(LEAST_LOG)
        on = f"{len(answers.truth):,} photos held out for it"
        return calibrate(logs, answers.truth, min_precision, on), answers.sha256

    return calibrate_on


def _check_enough(folder: Path, photos: int) -> None:
    if photos < LEAST_PHOTOS:
        raise PhotosInvalid(f"{folder} has fewer than {LEAST_PHOTOS} photos that can be read.")


if __name__ == "__main__":
    # As the exporter does before TensorFlow.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    sys.exit(main(sys.argv[1:]))
