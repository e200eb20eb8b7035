"""The classes an answer may name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.errors import ServiceError, UnprocessableContent


class LabelsInvalid(ServiceError):
    """The labels file is missing or malformed."""

    code = "labels_invalid"


class UnknownLabel(UnprocessableContent):
    """The label is no class of the model."""

    code = "unknown_label"


@dataclass(frozen=True)
class ModelClass:
    """One class; ``wnid`` is its WordNet id, None where the labels are not ImageNet's."""

    label: str
    wnid: str | None


def read_labels(path: Path) -> dict[str, ModelClass]:
    """The classes of a model artifact's ``labels.json``, by name and by WordNet id.

    Raises:
        LabelsInvalid: the file is missing or malformed.
    """
    try:
        classes = [
            ModelClass(entry["label"], entry["wnid"]) for entry in json.loads(path.read_bytes())
        ]
    except OSError as exc:
        raise LabelsInvalid(f"No labels at {path}: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise LabelsInvalid(f"The labels file {path} is malformed.") from exc
    if not classes:
        raise LabelsInvalid(f"The labels file {path} names no class.")
    by_wnid = {
        model_class.wnid: model_class for model_class in classes if model_class.wnid is not None
    }
    return by_wnid | {model_class.label: model_class for model_class in classes}


def find_label(labels: Mapping[str, ModelClass], text: str) -> ModelClass:
    """The class that ``text`` names exactly, by name or by WordNet id.

    Not by synonym or in other case: "crane" and "Cardigan" each name two of ImageNet's.

    Raises:
        UnknownLabel: there is none.
    """
    try:
        return labels[text.strip()]
    except KeyError as exc:
        raise UnknownLabel(
            "The label is none of the model's; /v1/labels lists their names and WordNet ids."
        ) from exc
