"""Whether the artifact answers as the Keras model does.

Compared in log-probabilities, centred: softmax undone, up to the constant that it drops. Their
error is taken relative to their own spread, so that one limit means the same for a trained model,
for random weights and for any number of classes. Measured on the packaged photos, worst photo,
ResNet50 with random weights and EfficientNet-Lite0:

    float32                               0.000005    0.000003
    float16                               0.0009      0.009
    dynamic-range-int8                    0.03        0.19
    float32, but red and blue swapped     0.33        0.59
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from image_classifier.export.errors import VerificationRefused
from image_classifier.export.recipe import Quantization

TOLERANCE: dict[Quantization, float] = {
    "float32": 0.001,
    "float16": 0.02,
    "dynamic-range-int8": 0.25,
}
SUM_TOLERANCE = 1e-3
LEAST_PROBABILITY = 1e-7  # differences below it do not matter
FEW_CLASSES = 100
LEAST_SPREAD = 0.01  # one answer to all photos has no spread to divide by

Probabilities = Sequence[NDArray[np.float32]]


@dataclass(frozen=True)
class Agreement:
    """How closely the artifact follows Keras; ``tolerance`` limits ``max_relative_error``."""

    photos: int
    same_top1: int
    max_probability_difference: float
    max_relative_error: float
    tolerance: float


def verify(expected: Probabilities, actual: Probabilities, quantization: Quantization) -> Agreement:
    """Compare Keras' probabilities [classes] with the artifact's, photo by photo.

    Another top class is accepted only where Keras itself has the two closer together than the
    tolerance: there, either is right.

    Raises:
        VerificationRefused: an answer is not a distribution, too far from Keras', or names another
            class that is not tied with Keras'.
    """
    tolerance = TOLERANCE[quantization]
    # Of few classes a photo that the model cannot decide on has hardly any: the others' counts.
    usual_spread = float(np.median([_spread(keras) for keras in expected]))
    least_spread = max(usual_spread if len(expected[0]) < FEW_CLASSES else 0, LEAST_SPREAD)
    pairs = list(zip(expected, actual, strict=True))
    if not all(_is_distribution(ours) for _, ours in pairs):
        raise VerificationRefused("The artifact's answers are not probabilities.")
    agreement = Agreement(
        photos=len(pairs),
        same_top1=sum(int(keras.argmax() == ours.argmax()) for keras, ours in pairs),
        max_probability_difference=max(float(np.abs(keras - ours).max()) for keras, ours in pairs),
        max_relative_error=max(_relative_error(keras, ours, least_spread) for keras, ours in pairs),
        tolerance=tolerance,
    )
    changed = sum(_top1_margin(keras, ours, least_spread) > tolerance for keras, ours in pairs)
    if agreement.max_relative_error > tolerance or changed:
        hint = "" if quantization == "float32" else " Try --quantization float32."
        raise VerificationRefused(
            f"The artifact disagrees with Keras: another top class on {changed} of {len(pairs)} "
            f"photos, relative error {agreement.max_relative_error:.3g} where {tolerance:g} is "
            f"allowed. Nothing was written.{hint}"
        )
    return agreement


def _relative_error(
    keras: NDArray[np.float32], ours: NDArray[np.float32], least_spread: float
) -> float:
    error = _rms(_centred_logs(ours) - _centred_logs(keras))
    return error / max(_spread(keras), least_spread)


def _top1_margin(
    keras: NDArray[np.float32], ours: NDArray[np.float32], least_spread: float
) -> float:
    """How far below its favourite Keras has the artifact's; 0 where they are the same."""
    logs = _centred_logs(keras)
    return float(logs.max() - logs[ours.argmax()]) / max(_spread(keras), least_spread)


def _spread(probabilities: NDArray[np.float32]) -> float:
    return _rms(_centred_logs(probabilities))


def _centred_logs(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    logs = np.log(probabilities.astype(np.float64).clip(LEAST_PROBABILITY))
    centred: NDArray[np.float64] = logs - logs.mean()
    return centred


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _is_distribution(values: NDArray[np.float32]) -> bool:
    """[classes] → whether it is a distribution; NaN is not, as it compares false."""
    return bool(values.min() >= 0 and abs(float(values.sum()) - 1) < SUM_TOLERANCE)
