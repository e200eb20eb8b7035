"""Scores of photos held out → the temperature that makes them shares, and the least sure score."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from evaluation.distribution import bins_of
from evaluation.figures import calibration_error
from image_classifier.artifact import Bins, Calibration, Threshold
from image_classifier.certainty import certainty_of

LEAST_PHOTOS = 20
RANGE = (0.2, 5.0)
FOLDS = 5
DIGITS = 4


def calibrate(
    logs: NDArray[np.floating], truth: NDArray[np.int64], min_precision: float, on: str
) -> Calibration:
    """From log-probabilities [n, classes] of photos that the model has not seen, and their classes;
    ``on`` says which photos these are.

    Where there are few photos, or scores get no better by it, the temperature is 1; few photos tell
    nothing of distributions either.
    """
    before = after = calibration_error(*_scores(logs, truth))
    temperature = 1.0
    if len(truth) >= LEAST_PHOTOS:
        error = calibration_error(*_scores(_cross_calibrated(logs, truth), truth))
        if error < before:
            temperature, after = round(_fit(logs, truth), DIGITS), error
    return Calibration(
        temperature=temperature,
        error_before=round(before, DIGITS),
        error_after=round(after, DIGITS),
        photos=len(truth),
        on=on,
        threshold=threshold_for(*_scores(logs / temperature, truth), min_precision),
        distributions=_distributions(logs / temperature) if len(truth) >= LEAST_PHOTOS else {},
    )


def threshold_for(
    scores: NDArray[np.floating], right: NDArray[np.bool_], min_precision: float
) -> Threshold | None:
    """The lowest score [n] from which on at least ``min_precision`` of the answers are right; None
    where that is true of fewer than ``LEAST_PHOTOS`` photos."""
    order = np.argsort(-scores, kind="stable")
    counts = np.arange(1, len(order) + 1)
    precision = np.cumsum(right[order]) / counts
    # Equal scores are on one side.
    last = np.append(np.diff(scores[order]) < 0, True)
    enough = np.flatnonzero((precision >= min_precision) & last & (counts >= LEAST_PHOTOS))
    if not len(enough):
        return None
    end = enough[-1]
    return Threshold(
        score=float(np.floor(scores[order[end]] * 10**DIGITS) / 10**DIGITS),
        wanted=min_precision,
        precision=round(float(precision[end]), DIGITS),
        coverage=round(float(counts[end] / len(order)), DIGITS),
    )


def _distributions(logs: NDArray[np.floating]) -> dict[str, Bins]:
    """Of what is logged of each prediction later."""
    logged = [vars(certainty_of(row)) for row in np.exp(log_softmax(logs, axis=1))]
    bins = {name: bins_of([values[name] for values in logged]) for name in logged[0]}
    # A measure that is always the same tells no photos apart.
    return {name: spread for name, spread in bins.items() if spread.edges}


def _cross_calibrated(logs: NDArray[np.floating], truth: NDArray[np.int64]) -> NDArray[np.floating]:
    """Each photo's logits by a temperature that was fitted on others."""
    fold = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    scaled = np.empty_like(logs)
    for k in range(FOLDS):
        scaled[fold == k] = logs[fold == k] / _fit(logs[fold != k], truth[fold != k])
    return scaled


def _fit(logs: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """The temperature of the least log loss. Each photo counts a little as any other class too
    (Platt 1999): or it would fall without end where all of few photos are right."""
    doubt = 1 / (len(truth) + 2)
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logs / np.exp(log_temperature), axis=1)
        return -float(((1 - doubt) * scaled[rows, truth] + doubt * scaled.mean(axis=1)).mean())

    low, high = np.log(RANGE)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _scores(
    logs: NDArray[np.floating], truth: NDArray[np.int64]
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    return np.exp(log_softmax(logs, axis=1).max(axis=1)), logs.argmax(axis=1) == truth
