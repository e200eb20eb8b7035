"""Finding classes by what people call them."""

from collections.abc import Sequence

from image_classifier.artifact import Label


def search_labels(labels: Sequence[Label], query: str) -> list[Label]:
    """Labels with ``query`` in name or synonym, or as wnid; names that start with it come first."""
    wanted = query.strip().casefold()
    ranked = ((_rank(label, wanted), label) for label in labels)
    found = [(rank, label) for rank, label in ranked if rank is not None]
    return [label for _, label in sorted(found, key=lambda pair: pair[0])]


def _rank(label: Label, wanted: str) -> int | None:
    names = [name.casefold() for name in (label.label, *label.synonyms)]
    if wanted in (names[0], label.wnid):
        return 0
    if names[0].startswith(wanted):
        return 1
    if any(name.startswith(wanted) for name in names):
        return 2
    if any(wanted in name for name in names):
        return 3
    return None
