"""What an evaluation says, before it is written or drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.answers import Answers
from evaluation.figures import Figures, Share, figures_of
from evaluation.photos import Listing
from image_classifier.artifact import Artifact


@dataclass(frozen=True)
class Report:
    """``notes`` are sentences that a reader must not miss; ``lists`` are lines under a title, such
    as the files that were left out; ``details`` are for programs."""

    model: str
    version: str
    photos_in: str
    photos_per_s: float
    figures: Figures
    notes: Sequence[str]
    lists: dict[str, list[str]]
    details: dict[str, Any] = field(default_factory=dict)


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
        lists=lists,
    )


def lines_of(report: Report) -> list[str]:
    """What the terminal shows."""
    figures = report.figures
    lines = [f"{report.model} {report.version} on {figures.top1.photos:,} photos:"]
    lines += [f"  right at first  {_in_words(figures.top1)}"]
    lines += [f"  among five      {_in_words(figures.top5)}"] if figures.top5 else []
    lines += [
        f"  mean score      {figures.mean_score:6.1%}",
        f"  calibration     {figures.calibration_error:6.3f} is its expected error",
        f"  speed           {report.photos_per_s:6.0f} photos/s",
    ]
    lines += [f"  {p.photos:4,} × {p.actual} taken for {p.predicted}" for p in figures.pairs[:5]]
    lines += [f"{title}: {len(entries):,}" for title, entries in report.lists.items()]
    return [*lines, *report.notes]


def _in_words(share: Share) -> str:
    return (
        f"{share.value:6.1%}, {share.right:,} of {share.photos:,} "
        f"(95 % interval {share.low:.1%} to {share.high:.1%})"
    )
