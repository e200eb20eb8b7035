"""A Keras model as a function from photos to probabilities: what the artifact must equal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from image_classifier.artifact import InputSpec
from image_classifier.export.errors import InvalidInput
from image_classifier.export.normalisation import Normalisation
from image_classifier.export.recipe import Preprocessing

CROP = 224 / 256  # side of the centre crop over the resized shorter side (He et al. 2015, §3.4)
SUM_TOLERANCE = 1e-3
LEAST_PROBABILITY = 1e-12  # before its logarithm is taken


@dataclass(frozen=True)
class Reference:
    """``serve`` is a tf.function: float32 [1, H, W, 3] in 0…255 → probabilities [1, classes]."""

    serve: Any
    input: InputSpec
    classes: int

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it: [1, H, W, 3] → probabilities [classes]."""
        probabilities: NDArray[np.float32] = self.serve(tf.constant(image)).numpy()[0]
        return probabilities


def input_spec(model: keras.Model, preprocessing: Preprocessing) -> InputSpec:
    """What the model takes, read off its input.

    Raises:
        InvalidInput: not one RGB image of a fixed size in, one row of at least two classes out; or
            the resized photo would be smaller than the input.
    """
    # A subclassed model that was never called has neither.
    takes = [tuple(tensor.shape) for tensor in getattr(model, "inputs", None) or ()]
    gives = [tuple(tensor.shape) for tensor in getattr(model, "outputs", None) or ()]
    match takes, gives:
        case [(_, int(height), int(width), 3)], [(_, int(classes))] if classes > 1:
            # The longer side of the input, so that the crop fits in every photo.
            longer = max(height, width)
            shorter_side = preprocessing.resize_shorter_side or round(longer / CROP)
            if shorter_side < longer:
                raise InvalidInput(f"Photos must be resized to {longer} pixels or more (--resize).")
            return InputSpec(height, width, shorter_side, preprocessing.resampling)
        case _:
            raise InvalidInput(
                "The model must take one image [n, height, width, 3] of a fixed size and give one "
                f"row [n, classes] for it; it takes {takes} and gives {gives}."
            )


def reference(
    model: keras.Model,
    spec: InputSpec,
    normalisation: Normalisation,
    samples: list[NDArray[np.float32]],
    temperature: float = 1.0,
) -> Reference:
    """Normalisation and, where the model gives logits, softmax around ``model``; with logits
    divided by ``temperature``, which leaves the order of classes as it is.

    Which of the two it gives is seen in its answers to ``samples`` ([1, H, W, 3] in 0…255), not in
    the name of its last layer.

    Raises:
        InvalidInput: the answers are not finite, or each class was scored by its own sigmoid.
    """
    scores = _normalised(model, normalisation)
    traced = _reference(scores, model, spec)  # runs six times as fast
    gives_logits = not _are_probabilities(np.stack([traced(image) for image in samples]))
    if gives_logits and getattr(model.layers[-1], "activation", None) is keras.activations.sigmoid:
        raise InvalidInput(
            "The model scores each class by itself (sigmoid); it must end in softmax or logits."
        )

    def probabilities(image: Any) -> Any:
        answer = scores(image)
        if temperature != 1:
            logits = answer if gives_logits else tf.math.log(tf.maximum(answer, LEAST_PROBABILITY))
            return tf.nn.softmax(logits / temperature)
        return tf.nn.softmax(answer) if gives_logits else answer

    return _reference(probabilities, model, spec)


def outputs(model: keras.Model, spec: InputSpec, normalisation: Normalisation) -> Reference:
    """Normalisation around ``model``, whose outputs are taken as they are, such as features."""
    return _reference(_normalised(model, normalisation), model, spec)


def _normalised(model: keras.Model, normalisation: Normalisation) -> Callable[[Any], Any]:
    mean, scale = tf.constant(normalisation.mean), tf.constant(normalisation.scale)

    def scores(image: Any) -> Any:
        pixels = (image - mean) / scale
        if normalisation.reverses_channels:
            pixels = tf.reverse(pixels, [3])
        (answer,) = tf.nest.flatten(model(pixels, training=False))
        return tf.cast(answer, tf.float32)

    return scores


def _reference(function: Callable[[Any], Any], model: keras.Model, spec: InputSpec) -> Reference:
    image = tf.TensorSpec([1, spec.height, spec.width, 3], tf.float32, name="image")
    classes = model.outputs[0].shape[1]
    return Reference(tf.function(function, input_signature=[image]), spec, classes)


def _are_probabilities(scores: NDArray[np.float32]) -> bool:
    """[n, classes] → whether every row is one distribution."""
    if not np.isfinite(scores).all():
        raise InvalidInput("The model's answers to real photos are not finite numbers.")
    sums_to_one = np.abs(scores.sum(axis=1) - 1).max() < SUM_TOLERANCE
    return bool(scores.min() >= 0 and sums_to_one)
