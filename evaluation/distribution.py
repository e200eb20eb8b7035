"""How a measure is spread over a model's predictions, and how far two such spreads are apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from image_classifier.artifact import MOST_BINS, Bins

PHOTOS_A_BIN = 20
LEAST_SHARE = 1e-4
DIGITS = 4


def bins_of(values: Sequence[float]) -> Bins:
    """Bins of ``values`` [n] that are about equally filled: two or more, about one for
    ``PHOTOS_A_BIN`` of them. Equal values are in one bin, which is the only one where all are
    equal, and no bin is empty."""
    count = max(2, min(MOST_BINS, len(values) // PHOTOS_A_BIN))
    distinct = np.unique(values)
    ends = np.quantile(values, np.arange(1, count) / count, method="inverted_cdf")
    # What is equal to the largest is the last bin, which has no end.
    below = distinct[:-1]
    edges = np.unique(np.minimum(ends, below[-1])) if len(below) else below
    return Bins(tuple(edges.tolist()), tuple(np.round(shares_in(edges, values), DIGITS).tolist()))


def shares_in(
    edges: Sequence[float] | NDArray[np.floating], values: Sequence[float]
) -> NDArray[np.float64]:
    """The share of ``values`` in each bin [len(edges) + 1]; an edge is the last value of its bin,
    as CloudWatch's percentile rank counts (``infra/drift.yaml``)."""
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    shares: NDArray[np.float64] = counts / len(values)
    return shares


def stability_index(expected: Sequence[float], seen: Sequence[float]) -> float:
    """The population stability index of two lists of shares, Σ (seen − expected) ln(seen ÷
    expected): below 0.1 there is no change to speak of, from 0.25 on a large one (Lewis 1994, *An
    Introduction to Credit Scoring*). ``LEAST_SHARE`` more of each keeps an empty bin finite."""
    before, now = np.array(expected), np.array(seen)
    terms = (now - before) * np.log((now + LEAST_SHARE) / (before + LEAST_SHARE))
    return float(terms.sum())


def chance_index(bins: int, photos: int, predictions: int) -> float:
    """About what the index of two samples of one and the same distribution is: it is a chi-squared
    variable of ``bins`` - 1 degrees of freedom × (1 ÷ photos + 1 ÷ predictions) (Yurdakul and
    Naranjo 2020, *Statistical properties of the population stability index*)."""
    return (bins - 1) * (1 / photos + 1 / predictions)
