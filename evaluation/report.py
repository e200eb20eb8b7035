"""What an evaluation says, before it is written or drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.answers import Answers
from evaluation.figures import Figures, Share, calibration_error, figures_of
from evaluation.photos import Listing
from image_classifier.artifact import Artifact, Calibration


@dataclass(frozen=True)
class Comparison:
    """Two models on the photos of a report: ``only_old`` and ``only_new`` are how many of them one
    alone has right, ``seen_by_old`` how many taught the old one, ``p_value`` is McNemar's."""

    old_version: str
    old: Share
    new: Share
    only_old: int
    only_new: int
    p_value: float
    seen_by_old: int
    sentence: str


@dataclass(frozen=True)
class Report:
    """``notes`` are sentences that a reader must not miss, ``facts`` say under a title how the
    model was made, ``lists`` are lines under a title, such as the files that were left out;
    ``comparison`` is with the model before it."""

    model: str
    version: str
    photos_in: str
    photos_per_s: float
    figures: Figures
    notes: Sequence[str]
    facts: dict[str, str]
    lists: dict[str, list[str]]
    comparison: Comparison | None = None


def report_of(
    artifact: Artifact, answers: Answers, listing: Listing, made_from: frozenset[str] = frozenset()
) -> Report:
    """The report on ``answers``; ``made_from`` are SHA-256 of photos that the model comes from."""
    seen = len(made_from.intersection(answers.sha256))
    notes = []
    if seen:
        notes.append(
            f"{seen:,} of these {len(answers.photos):,} photos were used to make this model, which "
            "therefore looks better here than it is."
        )
    unread = {**answers.skipped, **listing.left_out}
    lists = {"Left out": [f"{file}: {why}" for file, why in unread.items()]} if unread else {}
    return Report(
        model=artifact.manifest.name,
        version=artifact.manifest.version,
        photos_in=str(listing.source),
        photos_per_s=round(answers.photos_per_s, 1),
        figures=figures_of(answers, artifact),
        notes=notes,
        facts=_facts(artifact.manifest.calibration, answers),
        lists=lists,
    )


def _facts(calibration: Calibration | None, answers: Answers) -> dict[str, str]:
    """What was done to the scores, and what came of it on the photos of the report."""
    if calibration is None:
        return {}
    right = answers.probabilities.argmax(axis=1) == answers.truth
    scores = answers.probabilities.max(axis=1)
    before = calibration_error(_without(calibration.temperature, answers.probabilities), right)
    if calibration.temperature == 1:
        facts = {
            "scores": "as the model gives them, as a temperature would not lower their calibration "
            f"error of {calibration.error_before:.3f} on {calibration.on}"
        }
    else:
        facts = {
            "scores": f"logits divided by {calibration.temperature:g}; calibration error "
            f"{calibration.error_before:.3f} without and {calibration.error_after:.3f} with it, on "
            f"{calibration.on}; on the photos of this report {before:.3f} without it"
        }
    if calibration.threshold:
        sure = scores >= calibration.threshold.score
        facts["sure"] = (
            f"from a score of {calibration.threshold.score:.3f} on, for a precision of "
            f"{calibration.threshold.wanted:.0%}: {sure.sum():,} of the photos of this report, of "
            f"which {(sure & right).sum():,} are right"
        )
    return facts


def _without(temperature: float, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Top scores [n] as they would be without ``temperature``."""
    powers = probabilities**temperature
    scores: NDArray[np.float32] = powers.max(axis=1) / powers.sum(axis=1)
    return scores


def lines_of(report: Report) -> list[str]:
    """What the terminal shows."""
    figures = report.figures
    lines = [f"{report.model} {report.version} on {figures.top1.photos:,} photos:"]
    lines += [f"  right at first  {in_words(figures.top1)}"]
    lines += [f"  among five      {in_words(figures.top5)}"] if figures.top5 else []
    lines += [
        f"  mean score      {figures.mean_score:6.1%}",
        f"  calibration     {figures.calibration_error:6.3f} is its expected error",
        f"  speed           {report.photos_per_s:6.0f} photos/s",
    ]
    lines += [f"  {p.photos:4,} × {p.actual} taken for {p.predicted}" for p in figures.pairs[:5]]
    lines += [f"{title}: {len(entries):,}" for title, entries in report.lists.items()]
    lines += [f"  {title:15} {fact}" for title, fact in report.facts.items()]
    lines += [report.comparison.sentence] if report.comparison else []
    return [*lines, *report.notes]


def in_words(share: Share) -> str:
    """A share with its interval."""
    return (
        f"{share.value:6.1%}, {share.right:,} of {share.photos:,} "
        f"(95 % interval {share.low:.1%} to {share.high:.1%})"
    )
