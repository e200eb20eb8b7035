"""Predictions beside the photos held out: how far apart they are, in a number and in words."""

from dataclasses import dataclass

from evaluation.distribution import chance_index, shares_in, stability_index
from evaluation.drift.predictions import Measures
from image_classifier.artifact import Bins, Calibration

LEAST_PREDICTIONS = 200  # of fewer, chance alone comes near the first mark
SOMEWHAT, DIFFERENT = 0.1, 0.25
BAR = 40


@dataclass(frozen=True)
class Drift:
    """How a measure is spread over photos held out, and over predictions; ``index`` is how far
    these are apart, ``chance`` about what it would be without any change."""

    measure: str
    bins: Bins
    seen: tuple[float, ...]
    index: float
    chance: float


def measure_drift(calibration: Calibration, predictions: Measures) -> list[Drift]:
    """Each measure of one or more predictions with its distribution."""
    drifts = []
    for name, bins in calibration.distributions.items():
        seen = tuple(shares_in(bins.edges, predictions[name]).tolist())
        chance = chance_index(len(seen), calibration.photos, len(predictions[name]))
        drifts.append(Drift(name, bins, seen, stability_index(bins.shares, seen), chance))
    return drifts


def lines_of(drift: Drift) -> list[str]:
    """What the terminal shows: the index in words, and expected and seen shares of each bin."""
    head = f"{drift.measure}: {drift.index:.2f}, {_in_words(drift.index)}"
    ends = [*(f"to {edge:.4f}" for edge in drift.bins.edges), "above"]
    rows = zip(ends, drift.bins.shares, drift.seen, strict=True)
    return [
        "",
        f"{head} (chance alone: about {drift.chance:.2f})",
        f"  {'':9}  expected  seen",
        *(f"  {end:9}  {was:8.0%}  {now:4.0%}  {_bar(was, now)}" for end, was, now in rows),
    ]


def _in_words(index: float) -> str:
    if index < SOMEWHAT:
        return "as on the photos held out"
    return "somewhat different" if index < DIFFERENT else "different: look at recent photos"


def _bar(expected: float, seen: float) -> str:
    """The seen share as a bar, with a mark where it was expected to end."""
    bar, mark = "█" * round(seen * BAR), round(expected * BAR)
    return f"{bar[:mark]:{mark}}│{bar[mark:]}"
