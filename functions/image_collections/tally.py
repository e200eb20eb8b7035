"""Counts of a collection's rows; what they tell does not depend on when or how fast it ran."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from image_collections.rows import PlainRow
from serving.collection import is_unsure

SCORE_BINS = 20


@dataclass
class Class:
    """Photos that got this class, and the sum of their scores."""

    wnid: str | None
    photos: int = 0
    score_sum: float = 0.0


@dataclass
class Tally:
    """Everything counted; ``min_score`` as for ``is_unsure``, ``scores`` and ``unsure_scores`` are
    of all photos and of the unsure ones, in ``SCORE_BINS`` steps from 0 to 1.
    """

    min_score: float | None
    photos: int = 0
    size: int = 0
    milliseconds: float = 0.0
    classes: dict[str, Class] = field(default_factory=dict)
    scores: list[int] = field(default_factory=lambda: [0] * SCORE_BINS)
    unsure_scores: list[int] = field(default_factory=lambda: [0] * SCORE_BINS)
    failures: Counter[str] = field(default_factory=Counter)
    model_versions: set[str] = field(default_factory=set)

    def add(self, row: PlainRow) -> None:
        """Count one row in."""
        self.photos += 1
        self.size += row["size"] or 0
        if row["code"] is not None:
            self.failures[row["code"]] += 1
            return
        score = row["score"]
        found = self.classes.setdefault(row["label"], Class(row["wnid"]))
        found.photos += 1
        found.score_sum += score
        step = min(int(score * SCORE_BINS), SCORE_BINS - 1)
        self.scores[step] += 1
        self.unsure_scores[step] += is_unsure(score, sure=row["sure"], min_score=self.min_score)
        self.milliseconds += row["milliseconds"]
        self.model_versions.add(row["model_version"])

    @property
    def unsure(self) -> int:
        """Photos whose class is unsure."""
        return sum(self.unsure_scores)

    @property
    def failed(self) -> int:
        """Photos without a class."""
        return self.failures.total()

    def ranked_classes(self) -> list[tuple[str, Class]]:
        """Classes with the most photos first, then by name."""
        return sorted(self.classes.items(), key=lambda pair: (-pair[1].photos, pair[0]))

    def summary(self) -> dict[str, Any]:
        """As ``summary.json`` has it."""
        return {
            "photos": self.photos,
            "classified": self.photos - self.failed,
            "failed": self.failed,
            "bytes": self.size,
            "unsure": self.unsure,
            "min_score": self.min_score,
            "model_versions": sorted(self.model_versions),
            "milliseconds": round(self.milliseconds, 1),
            "classes": [
                {
                    "label": label,
                    "wnid": found.wnid,
                    "photos": found.photos,
                    "mean_score": round(found.score_sum / found.photos, 4),
                }
                for label, found in self.ranked_classes()
            ],
            "score_histogram": self.scores,
            "failures": dict(sorted(self.failures.items())),
        }
