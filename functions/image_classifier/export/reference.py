"""A Keras model as a function from photos to probabilities: what the artifact must equal."""

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
    """``scores`` is a tf.function: float32 [1, H, W, 3] in 0…255 → [1, classes]; ``sample_scores``
    are what it gives for ``samples``. Logits are divided by ``temperature``, which leaves the order
    of classes as it is.
    """

    scores: Any
    input: InputSpec
    samples: list[NDArray[np.float32]]
    sample_scores: list[NDArray[np.float32]]
    gives_logits: bool
    temperature: float = 1.0

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it: [1, H, W, 3] → probabilities [classes]."""
        return _row(self._probabilities(self.scores(tf.constant(image))))

    def answers(self) -> list[NDArray[np.float32]]:
        """Probabilities [classes] for each of the samples, which are not run again."""
        return [_row(self._probabilities(scores)) for scores in self.sample_scores]

    def serve(self) -> Any:
        """A tf.function: float32 [1, H, W, 3] in 0…255 → probabilities [1, classes]."""
        if not self.gives_logits and self.temperature == 1:
            return self.scores
        scores = self.scores.python_function
        return tf.function(
            lambda image: self._probabilities(scores(image)),
            input_signature=self.scores.input_signature,
            autograph=False,
        )

    def _probabilities(self, scores: Any) -> Any:
        if self.temperature != 1:
            logits = scores
            if not self.gives_logits:
                logits = tf.math.log(tf.maximum(scores, LEAST_PROBABILITY))
            return tf.nn.softmax(logits / self.temperature)
        return tf.nn.softmax(scores) if self.gives_logits else scores


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
) -> Reference:
    """Normalisation and, where the model gives logits, softmax around ``model``.

    Which of the two it gives is seen in its answers to ``samples`` ([1, H, W, 3] in 0…255), not in
    the name of its last layer.

    Raises:
        InvalidInput: the answers are not finite, or each class was scored by its own sigmoid.
    """
    scores = outputs(model, spec, normalisation)
    answers = [scores(tf.constant(image)).numpy() for image in samples]
    gives_logits = not _are_probabilities(np.concatenate(answers))
    if gives_logits and getattr(model.layers[-1], "activation", None) is keras.activations.sigmoid:
        raise InvalidInput(
            "The model scores each class by itself (sigmoid); it must end in softmax or logits."
        )
    return Reference(scores, spec, samples, answers, gives_logits)


def outputs(model: keras.Model, spec: InputSpec, normalisation: Normalisation) -> Any:
    """A tf.function: float32 [1, H, W, 3] in 0…255 → what ``model`` gives for it, normalised."""
    mean, scale = tf.constant(normalisation.mean), tf.constant(normalisation.scale)

    def scores(image: Any) -> Any:
        pixels = (image - mean) / scale
        if normalisation.reverses_channels:
            pixels = tf.reverse(pixels, [3])
        (answer,) = tf.nest.flatten(model(pixels, training=False))
        return tf.cast(answer, tf.float32)

    image = tf.TensorSpec([1, spec.height, spec.width, 3], tf.float32, name="image")
    return tf.function(scores, input_signature=[image], autograph=False)


def _row(probabilities: Any) -> NDArray[np.float32]:
    row: NDArray[np.float32] = np.asarray(probabilities)[0]
    return row


def _are_probabilities(scores: NDArray[np.float32]) -> bool:
    """[n, classes] → whether every row is one distribution."""
    if not np.isfinite(scores).all():
        raise InvalidInput("The model's answers to real photos are not finite numbers.")
    sums_to_one = np.abs(scores.sum(axis=1) - 1).max() < SUM_TOLERANCE
    return bool(scores.min() >= 0 and sums_to_one)
