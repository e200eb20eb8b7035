"""The classes an answer may name: those of a real artifact, and none of another model."""

import json
from pathlib import Path

import pytest

from feedback.labels import LabelsInvalid, ModelClass, UnknownLabel, find_label, read_labels


def write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    return path


def test_knows_every_class_of_a_real_artifact_by_both_names(embedded_model: Path):
    path = embedded_model / "labels.json"
    labels = read_labels(path)

    for entry in json.loads(path.read_bytes()):
        expected = ModelClass(entry["label"], entry["wnid"])
        assert find_label(labels, entry["label"]) == find_label(labels, entry["wnid"]) == expected


@pytest.mark.parametrize("text", ["crane", "Tench", "tenches", "n00000000", "None", "", "0"])
def test_knows_no_other_spelling(embedded_model: Path, text: str):
    with pytest.raises(UnknownLabel):
        find_label(read_labels(embedded_model / "labels.json"), text)


def test_another_models_label_is_unknown(tmp_path: Path):
    labels = read_labels(write(tmp_path, [{"index": 0, "wnid": None, "label": "cat"}]))

    assert find_label(labels, "cat") == ModelClass("cat", None)
    with pytest.raises(UnknownLabel):
        find_label(labels, "n02123045")


@pytest.mark.parametrize("content", [{}, [{}], ["cat"], [{"label": "cat"}], 3, None])
def test_refuses_a_malformed_file(tmp_path: Path, content: object):
    with pytest.raises(LabelsInvalid):
        read_labels(write(tmp_path, content))


def test_refuses_a_missing_file(tmp_path: Path):
    with pytest.raises(LabelsInvalid):
        read_labels(tmp_path / "labels.json")
