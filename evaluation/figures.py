"""Answers → how often they are right, and whether their scores mean what they say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.answers import Answers
from feedback.summary import wilson_interval
from image_classifier.artifact import Artifact

BINS = 10
MAX_PAIRS = 20
MAX_MATRIX = 12
MAX_POINTS = 100
MAX_WRONG = 12
TOP = 5


@dataclass(frozen=True)
class Share:
    """``right`` of ``photos``, with the bounds of its 95 % Wilson interval."""

    right: int
    photos: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Photos whose score is about ``score`` on average, and which share of them is right."""

    photos: int
    score: float
    right: float


@dataclass(frozen=True)
class ClassFigures:
    """``precision`` is None for a class that was never answered, ``recall`` for one never shown."""

    label: str
    photos: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Pair:
    """How often ``actual`` was taken for ``predicted``."""

    actual: str
    predicted: str
    photos: int


@dataclass(frozen=True)
class Point:
    """Were only answers of at least ``score`` used: the share that is left, and is wrong."""

    score: float
    coverage: float
    risk: float


@dataclass(frozen=True)
class Wrong:
    """A photo by its place among the answers, and with what it was confused."""

    index: int
    file: str
    actual: str
    predicted: str
    score: float


@dataclass(frozen=True)
class Figures:
    """``top5`` is None where the model has no more classes than that. ``matrix`` is photos by
    actual and predicted class, for ``classes`` in their order; empty where there are many.
    """

    top1: Share
    top5: Share | None
    mean_score: float
    calibration_error: float
    bins: tuple[Bin | None, ...]
    classes: tuple[ClassFigures, ...]
    matrix: tuple[tuple[int, ...], ...]
    pairs: tuple[Pair, ...]
    risk_coverage: tuple[Point, ...]
    surest_wrong: tuple[Wrong, ...]


def figures_of(answers: Answers, artifact: Artifact) -> Figures:
    """Count and average; classes without photos that were never answered either are left out."""
    truth, probabilities = answers.truth, answers.probabilities
    names = [label.label for label in artifact.labels]
    predicted, scores = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = predicted == truth
    # The rank of the true class is how many others are likelier.
    rank = (probabilities > probabilities[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    classes = sorted({*truth.tolist(), *predicted.tolist()})
    counts = Counter(zip(truth.tolist(), predicted.tolist(), strict=True))
    confused = sorted(
        ((pair, count) for pair, count in counts.items() if pair[0] != pair[1]),
        key=lambda entry: (-entry[1], entry[0]),
    )
    wrong = sorted(np.flatnonzero(~right).tolist(), key=lambda i: (-scores[i], i))[:MAX_WRONG]
    return Figures(
        top1=share(int(right.sum()), len(truth)),
        top5=share(int((rank < TOP).sum()), len(truth)) if len(names) > TOP else None,
        mean_score=float(scores.mean()),
        calibration_error=calibration_error(scores, right),
        bins=tuple(_bin(scores[inside], right[inside]) for inside in _bins(scores)),
        classes=tuple(_class(c, names[c], truth, predicted) for c in classes),
        matrix=tuple(tuple(counts[actual, other] for other in classes) for actual in classes)
        if len(classes) <= MAX_MATRIX
        else (),
        pairs=tuple(Pair(names[a], names[p], n) for (a, p), n in confused[:MAX_PAIRS]),
        risk_coverage=_risk_coverage(scores, right),
        surest_wrong=tuple(
            Wrong(i, answers.photos[i].key, names[truth[i]], names[predicted[i]], float(scores[i]))
            for i in wrong
        ),
    )


def share(right: int, photos: int) -> Share:
    """A share with its interval; ``photos`` is above 0."""
    return Share(right, photos, right / photos, *wilson_interval(right, photos))


def calibration_error(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """How far scores [n] are from the share that is right, averaged over the photos of ``BINS``
    bins of equal width (Guo et al. 2017, §2)."""
    return float(
        sum(
            abs(scores[inside].mean() - right[inside].mean()) * inside.mean()
            for inside in _bins(scores)
            if inside.any()
        )
    )


def _bins(scores: NDArray[np.floating]) -> list[NDArray[np.bool_]]:
    """[n] → which of them is in each bin; a score of 1 is in the last."""
    numbers = np.minimum((scores * BINS).astype(int), BINS - 1)
    return [numbers == number for number in range(BINS)]


def _bin(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> Bin | None:
    return Bin(len(scores), float(scores.mean()), float(right.mean())) if len(scores) else None


def _class(
    index: int, name: str, truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> ClassFigures:
    shown, answered = truth == index, predicted == index
    both = int((shown & answered).sum())
    return ClassFigures(
        label=name,
        photos=int(shown.sum()),
        precision=both / int(answered.sum()) if answered.any() else None,
        recall=both / int(shown.sum()) if shown.any() else None,
    )


def _risk_coverage(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[Point, ...]:
    """At most ``MAX_POINTS``, from the surest photo alone to all of them."""
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~right[order])
    ends = _spread(len(order), MAX_POINTS)
    return tuple(
        Point(float(scores[order[end]]), (end + 1) / len(order), float(wrong[end] / (end + 1)))
        for end in ends
    )


def _spread(count: int, most: int) -> Sequence[int]:
    """At most ``most`` of 0…count - 1, evenly, the last among them."""
    return sorted({round((i + 1) * count / min(count, most)) - 1 for i in range(min(count, most))})
