"""Measurements → species."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tabular.artifact import Manifest
from tabular.runtime import Infer

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@dataclass(frozen=True)
class Species:
    """The likeliest species, and its probability."""

    label: str
    confidence: float


@dataclass(frozen=True)
class IrisModel:
    """A loaded model: its manifest, and float32 [n, 4] in cm → probabilities [n, species]."""

    manifest: Manifest
    infer: Infer

    def classify(self, flowers: Sequence[Sequence[float]]) -> list[Species]:
        """One species for each flower: its measurements in cm, in the order of ``COLUMNS``."""
        probabilities = self.infer(np.array(flowers, np.float32))
        best = probabilities.argmax(axis=1)
        return [
            Species(self.manifest.classes[index], float(row[index]))
            for index, row in zip(best, probabilities, strict=True)
        ]
