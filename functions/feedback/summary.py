"""Answers → counts, accuracy with its uncertainty, and what is mistaken for what."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.record import Judgement

Z_95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution: two sides of 95 %."""

MAX_CONFUSIONS = 20


@dataclass(frozen=True)
class Confusion:
    """How often ``predicted`` should have been ``actual``."""

    predicted: str
    actual: str
    count: int


@dataclass(frozen=True)
class Count:
    """How many answers, and how many of them say right."""

    answers: int
    correct: int


@dataclass(frozen=True)
class Summary:
    """Without a threshold a model's predictions are neither ``sure`` nor ``unsure``. ``confusions``
    are the most frequent, ties in alphabetical order; wrong answers that name no better label are
    in none.
    """

    total: Count
    sure: Count
    unsure: Count
    confusions: tuple[Confusion, ...]


def summarize(judgements: Iterable[Judgement]) -> Summary:
    """Count answers as they come; memory grows with the distinct confusions only."""
    answers: Counter[bool | None] = Counter()
    correct: Counter[bool | None] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for judgement in judgements:
        answers[judgement.sure] += 1
        correct[judgement.sure] += judgement.correct
        if not judgement.correct and judgement.true_label is not None:
            pairs[judgement.predicted_label, judgement.true_label] += 1
    frequent = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_CONFUSIONS]
    return Summary(
        total=Count(answers.total(), correct.total()),
        sure=Count(answers[True], correct[True]),
        unsure=Count(answers[False], correct[False]),
        confusions=tuple(Confusion(*pair, count) for pair, count in frequent),
    )


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Bounds in 0…1 of a proportion's score interval; ``trials`` is above 0 (Wilson 1927).

    Unlike the normal approximation it holds for few trials and for proportions of 0 and 1.
    """
    share = successes / trials
    shrink = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)
