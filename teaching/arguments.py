"""What commands take: shares, names and tests."""

import argparse
from pathlib import Path

from image_classifier.export.choose import MODEL_NAME

RESERVED = ("resnet50", "efficientnet-lite0", "iris", "flight-delay")


def precision(text: str) -> float:
    """A share above 0, up to 1."""
    share = _number(text)
    if share is None or not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share above 0, such as 0.95")
    return share


def test(text: str) -> Path | float:
    """A share of the photos, or a folder of others."""
    share = _number(text)
    if share is None:
        return Path(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1, such as 0.2")
    return share


def model_name(text: str) -> str:
    """A name of one's own."""
    if not MODEL_NAME.fullmatch(text) or text in RESERVED:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name for a model of your own: letters, digits, '.', '_' and '-', and "
            f"none of {', '.join(RESERVED)}"
        )
    return text


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
