"""Recipe and weights → a verified artifact. Importing this imports TensorFlow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from image_classifier.artifact import Artifact, Calibration, InputSpec, Manifest
from image_classifier.decode import decode_image
from image_classifier.export.convert import convert
from image_classifier.export.efficientnet_lite0 import efficientnet_lite0
from image_classifier.export.errors import InvalidInput, VerificationRefused
from image_classifier.export.keras_file import keras_file
from image_classifier.export.normalisation import NORMALISATIONS
from image_classifier.export.photos import verification_photos
from image_classifier.export.recipe import Recipe
from image_classifier.export.reference import Reference, input_spec, reference
from image_classifier.export.resnet50 import resnet50
from image_classifier.export.torch_file import read_state_dict
from image_classifier.export.verify import verify
from image_classifier.export.weights import Weights
from image_classifier.preprocess import to_input
from image_classifier.runtime import Infer, load_model
from serving.artifact import VERSION_DIGITS, ArtifactInvalid


@dataclass(frozen=True)
class Built:
    """The artifact, and Keras' probabilities [classes] for each of ``photos``; ``made_from`` are
    SHA-256 of photos that it was calibrated on."""

    artifact: Artifact
    photos: dict[str, bytes]
    answers: dict[str, NDArray[np.float32]]
    made_from: tuple[str, ...] = ()


Calibrate = Callable[[InputSpec, Infer], tuple[Calibration, Sequence[str]]]
"""The model without calibration → its calibration, and SHA-256 of the photos that it comes from."""


def build_artifact(recipe: Recipe, weights: Weights, calibrate: Calibrate | None = None) -> Built:
    """Build the Keras model of ``recipe``, have it calibrated, and export it.

    Raises:
        InvalidInput, VerificationRefused: see ``export_model``.
    """
    photos = verification_photos()
    keras_answers = ask_keras(keras_model(recipe, weights), recipe, photos)
    if calibrate is None:
        return export_model(keras_answers, recipe, weights, photos)
    calibration, digests = calibrate(keras_answers.input, keras_answers)
    recipe = replace(recipe, calibration=calibration)
    built = export_model(keras_answers, recipe, weights, photos)
    return replace(built, made_from=tuple(digests))


def ask_keras(model: keras.Model, recipe: Recipe, photos: dict[str, bytes]) -> Reference:
    """The model without calibration, and what it answers to ``photos``.

    Raises:
        InvalidInput: the weights, or the model, do not fit.
    """
    spec = input_spec(model, recipe.preprocessing)
    images = [
        to_input(decode_image(photo, spec.resize_shorter_side), spec) for photo in photos.values()
    ]
    return reference(model, spec, NORMALISATIONS[recipe.preprocessing.normalisation], images)


def export_model(
    keras_answers: Reference,
    recipe: Recipe,
    weights: Weights,
    photos: dict[str, bytes],
    more_images: Iterable[NDArray[np.float32]] = (),
) -> Built:
    """Convert the model, and compare the two on ``photos``, which it was asked about, and on
    ``more_images`` [1, H, W, 3].

    Raises:
        InvalidInput: the model or the number of labels do not fit.
        VerificationRefused: the converted model does not answer as the Keras model does.
    """
    if recipe.calibration:
        keras_answers = replace(keras_answers, temperature=recipe.calibration.temperature)
    answers = keras_answers.answers()
    if len(answers[0]) != len(recipe.labels):
        raise InvalidInput(
            f"The model has {len(answers[0])} classes, but there are {len(recipe.labels)} "
            "labels; name a file with one label per class (--labels-file, LABELS_FILE)."
        )
    artifact = _unverified(recipe, weights, keras_answers)
    infer = _load(artifact)
    pairs = list(zip(answers, map(infer, keras_answers.samples), strict=True))
    pairs += [(keras_answers(image), infer(image)) for image in more_images]
    expected, actual = zip(*pairs, strict=True)
    agreement = verify(expected, actual, recipe.quantization)
    manifest = replace(artifact.manifest, agreement=_rounded(asdict(agreement)))
    answers_by_photo = dict(zip(photos, answers, strict=True))
    return Built(replace(artifact, manifest=manifest), photos, answers_by_photo)


def keras_model(recipe: Recipe, weights: Weights) -> keras.Model:
    """The model as Keras has it, before anything is put around it.

    Raises:
        InvalidInput: the weights are another model's, or damaged.
    """
    match recipe.architecture:
        case "resnet50":
            return resnet50(weights.path)
        case "efficientnet-lite0":
            return efficientnet_lite0(read_state_dict(weights.path))
        case "keras-file":
            return keras_file(weights.path)


def _unverified(recipe: Recipe, weights: Weights, keras_answers: Reference) -> Artifact:
    model = convert(keras_answers.serve(), recipe.quantization)
    digest = sha256(model).hexdigest()
    manifest = Manifest(
        name=recipe.name,
        version=digest[:VERSION_DIGITS],
        sha256=digest,
        input=keras_answers.input,
        quantization=recipe.quantization,
        weights={
            "source": weights.source,
            "sha256": weights.sha256,
            "licence": weights.licence,
            "normalisation": recipe.preprocessing.normalisation,
        },
        agreement={},
        calibration=recipe.calibration,
    )
    return Artifact(manifest, recipe.labels, model)


def _rounded(agreement: dict[str, Any]) -> dict[str, Any]:
    """Two digits of each figure: the next ones vary between processors, and model.json may not."""
    return {
        name: float(f"{value:.2g}") if isinstance(value, float) else value
        for name, value in agreement.items()
    }


def _load(artifact: Artifact) -> Infer:
    try:
        return load_model(artifact, threads=1)
    except ArtifactInvalid as exc:
        raise VerificationRefused(f"The runtime refuses the converted model: {exc}") from exc
