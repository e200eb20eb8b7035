"""How sure a model was of a photo, in numbers that say nothing of the photo."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

DIGITS = 6  # a score of 0.9999 is another than one of 0.99999; more would only lengthen the log


@dataclass(frozen=True)
class Certainty:
    """Both are in 0…1: the highest probability, and the entropy of all of them as a share of the
    most it can be, ln(classes): 0 for a model that is certain, 1 for one that cannot say."""

    top_score: float
    entropy: float


def certainty_of(probabilities: NDArray[np.floating]) -> Certainty:
    """Of probabilities [classes], whose order does not matter."""
    likely = probabilities[probabilities > 0]  # 0 · log 0 is 0
    entropy = -float(likely @ np.log(likely, dtype=np.float64)) / log(max(len(probabilities), 2))
    # Rounded sums may be just outside.
    return Certainty(
        round(float(probabilities.max()), DIGITS), round(min(max(0.0, entropy), 1.0), DIGITS)
    )
