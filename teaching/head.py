"""Features → classes: logistic regression, its strength chosen by cross-validation."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

# scikit-learn's C, the inverse of L2's strength.
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
MAX_ITERATIONS = 300
TOLERANCE = (
    1e-3  # of the gradient; a tenth of it takes three times as long and is no more often right
)


@dataclass(frozen=True)
class Head:
    """Logits are features · ``weights`` [features, classes] + ``bias`` [classes].

    ``unseen`` [n, classes] are log-probabilities of the photos it was fitted on, each by a head
    that had seen neither this photo nor one like it.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    strength: float
    unseen: NDArray[np.float64]


def fit_head(
    values: NDArray[np.float32], labels: NDArray[np.int64], folds: NDArray[np.int64]
) -> Head:
    """From features [n, 2, features], as they are and mirrored; the mirrored ones are only learnt
    from. ``folds`` [n] are numbered from 0."""
    tried = {c: _unseen(values, labels, folds, c) for c in STRENGTHS}
    rows = np.arange(len(labels))
    strength = max(tried, key=lambda c: tried[c][rows, labels].mean())
    weights, bias = _fit(values, labels, strength)
    return Head(weights, bias, strength, tried[strength])


def _unseen(
    values: NDArray[np.float32],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    strength: float,
) -> NDArray[np.float64]:
    logits = np.zeros((len(labels), labels.max() + 1))
    for fold in np.unique(folds):
        inside = folds == fold
        weights, bias = _fit(values[~inside], labels[~inside], strength)
        logits[inside] = values[inside, 0] @ weights + bias
    unseen: NDArray[np.float64] = log_softmax(logits, axis=1)
    return unseen


def _fit(
    values: NDArray[np.float32], labels: NDArray[np.int64], strength: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    model = LogisticRegression(
        C=strength, class_weight="balanced", max_iter=MAX_ITERATIONS, tol=TOLERANCE
    )
    with warnings.catch_warnings():
        # The weakest strengths may not end in time; what they have is compared as it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(values.reshape(-1, values.shape[2]), np.repeat(labels, values.shape[1]))
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:  # of two classes it has the logits' difference
        weights, bias = weights * (-0.5, 0.5), bias * (-0.5, 0.5)
    return weights.astype(np.float32), bias.astype(np.float32)
