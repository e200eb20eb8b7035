"""Finding classes by what people call them."""

from collections.abc import Sequence

from image_classifier.artifact import Label


def search_labels(labels: Sequence[Label], query: str) -> list[Label]:
    """Labels with ``query`` in name or synonym, or as wnid; names that start with it come first."""
    text = query.strip().casefold()
    ranked = ((_rank(label, text), label) for label in labels)
    matches = [(rank, label) for rank, label in ranked if rank is not None]
    return [label for _, label in sorted(matches, key=lambda pair: pair[0])]


def _rank(label: Label, text: str) -> int | None:
    names = [name.casefold() for name in (label.label, *label.synonyms)]
    if text in (names[0], label.wnid):
        return 0
    if names[0].startswith(text):
        return 1
    if any(name.startswith(text) for name in names):
        return 2
    if any(text in name for name in names):
        return 3
    return None
