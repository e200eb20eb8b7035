"""The golden set: photos, and what the Keras model answered when the image was built.

Written by ``image_classifier.export.golden``.
"""

import json
from dataclasses import dataclass
from pathlib import Path

GOLDEN_FILE = "golden.json"


@dataclass(frozen=True)
class Expected:
    """One of Keras' favourites; ``score`` is its probability."""

    label: str
    score: float

    def __str__(self) -> str:
        return f"{self.label} {self.score:.3f}"


@dataclass(frozen=True)
class GoldenPhoto:
    """A photo and Keras' favourites, best first; ``decisive`` if the best leads clearly."""

    name: str
    media_type: str
    content: bytes
    decisive: bool
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class GoldenSet:
    """Photos for one version of the model; scores may differ by ``tolerance``."""

    model_version: str
    tolerance: float
    photos: tuple[GoldenPhoto, ...]


def read_golden(folder: Path) -> GoldenSet:
    """The golden set in ``folder``.

    Raises:
        OSError, ValueError, KeyError: a file is missing or malformed; a check without it is none.
    """
    raw = json.loads((folder / GOLDEN_FILE).read_bytes())
    photos = tuple(
        GoldenPhoto(
            name=photo["file"],
            media_type=photo["media_type"],
            content=(folder / photo["file"]).read_bytes(),
            decisive=photo["decisive"],
            expected=tuple(Expected(**expected) for expected in photo["expected"]),
        )
        for photo in raw["photos"]
    )
    if not any(photo.decisive for photo in photos):
        raise ValueError(f"{folder / GOLDEN_FILE} has no photo that could decide anything")
    return GoldenSet(raw["model"]["version"], raw["tolerance"], photos)
