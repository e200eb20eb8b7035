"""The photos that an artifact was made from, kept beside it."""

from pathlib import Path

FILE = "made_from.txt"
"""The SHA-256 of a photo in each line, as the exporter writes it; image builds leave it out."""


def made_from(folder: Path) -> frozenset[str]:
    """SHA-256 of the photos that the artifact in ``folder`` was taught or calibrated on."""
    path = folder / FILE
    return frozenset(path.read_text("ascii").split() if path.is_file() else ())
