"""Probabilities → the k most likely classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from image_classifier.artifact import Label

SCORE_DIGITS = 6  # float32 carries 7 significant digits; fewer in the answer keep it readable


@dataclass(frozen=True)
class Prediction:
    """One class and its probability in 0…1."""

    label: str
    wnid: str | None
    score: float


def rank(
    probabilities: NDArray[np.float32], labels: Sequence[Label], top_k: int
) -> tuple[Prediction, ...]:
    """The ``top_k`` most likely of probabilities [classes], best first; ties in class order."""
    best = np.argsort(-probabilities, kind="stable")[:top_k]
    return tuple(
        Prediction(labels[i].label, labels[i].wnid, round(float(probabilities[i]), SCORE_DIGITS))
        for i in best
    )
