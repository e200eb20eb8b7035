"""The photos that an artifact was made from, kept beside it."""

from collections.abc import Iterable
from pathlib import Path

FILE = "made_from.txt"
"""The SHA-256 of a photo in each line; image builds leave it out."""


def made_from(folder: Path) -> frozenset[str]:
    """SHA-256 of the photos that the artifact in ``folder`` was taught or calibrated on."""
    path = folder / FILE
    return frozenset(path.read_text("ascii").split() if path.is_file() else ())


def write_made_from(folder: Path, digests: Iterable[str]) -> None:
    """Raises OSError."""
    (folder / FILE).write_text("".join(f"{digest}\n" for digest in sorted(digests)), "ascii")
