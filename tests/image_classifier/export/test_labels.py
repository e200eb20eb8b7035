import json
from pathlib import Path
from typing import Any

import pytest

from image_classifier.artifact import Label
from image_classifier.export.errors import InvalidInput
from image_classifier.export.labels import imagenet_labels, read_labels


def test_imagenet_has_1000_distinct_labels_in_keras_order() -> None:
    labels = imagenet_labels()
    assert [label.index for label in labels] == list(range(1000))
    assert len({label.label for label in labels}) == 1000
    wnids = [label.wnid for label in labels]
    assert wnids == sorted(set(wnids), key=str)  # ILSVRC 2012 is numbered in wnid order
    assert labels[0] == Label(0, "n01440764", "tench", ("Tinca tinca",))
    assert labels[387].label == "lesser panda"
    assert "red panda" in labels[387].synonyms


def test_two_classes_of_the_same_name_are_told_apart() -> None:
    labels = imagenet_labels()
    assert labels[134].label == "crane (crane bird)"
    assert labels[517].label == "crane (construction crane)"
    assert labels[517].synonyms == ("crane", "construction crane")


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_reads_a_list_of_names(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, ["gato", "perro"])) == (
        Label(0, None, "gato"),
        Label(1, None, "perro"),
    )


def test_reads_the_form_of_an_artifact(tmp_path: Path) -> None:
    entry = {"index": 0, "wnid": "n02084071", "label": "dog", "synonyms": ["domestic dog"]}
    assert read_labels(write(tmp_path, [entry])) == (
        Label(0, "n02084071", "dog", ("domestic dog",)),
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        "3",
        "[]",
        {"cat": 0},
        [3],
        [None],
        [["cat"]],
        [""],
        ["  "],
        [{"label": "no index"}],
        [{"index": 1, "label": "not from 0"}],
        [{"index": 0}],
        [{"index": 0, "label": 3}],
        [{"index": 0, "label": "cat", "wnid": 3}],
        [{"index": 0, "label": "cat", "synonyms": [3]}],
        [{"index": 0, "label": "cat", "synonyms": 3}],
        [{"index": 0, "label": "cat", "synonyms": "tomcat"}],
    ],
)
def test_refuses_other_forms(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InvalidInput, match="labels file"):
        read_labels(write(tmp_path, content))


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_labels(tmp_path / "absent.json")
