"""Answers of people, joined to photos that no network has to see."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from evaluation.photos import PhotosInvalid, list_folders
from teaching.answers import Answer, AnswersInvalid, read_answers
from teaching.relabel import relabel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files of each class, and two of none."""
    for name in ("ants/0", "ants/1", "ants/2", "bees/3", "bees/4", "bees/5", "sent/a/6", "sent/7"):
        path = tmp_path / ("" if name.startswith("sent") else "photos") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name[-1])
    return tmp_path


def answers(*pairs: tuple[str, str | None]) -> list[Answer]:
    """Of photos by what is in them."""
    return [
        Answer(image_sha256=sha256(content.encode()).hexdigest(), true_label=label)
        for content, label in pairs
    ]


@pytest.fixture
def relabelled(folder: Path) -> Callable[..., dict[str, str]]:
    """Files and their classes after the answers."""

    def files(*pairs: tuple[str, str | None]) -> dict[str, str]:
        found = relabel(list_folders(folder / "photos"), answers(*pairs), folder / "sent")
        return {photo.key: photo.label for photo in (*found.photos.photos, *found.added)}

    return files


FOLDERS = {f"{'ants' if i < 3 else 'bees'}/{i}": "ants" if i < 3 else "bees" for i in range(6)}


@pytest.mark.parametrize(
    ("pairs", "changes"),
    [
        ([("0", "bees")], {"ants/0": "bees"}),
        ([("0", " Bees ")], {"ants/0": "bees"}),
        ([("0", "ants")], {}),
        ([("6", "ants"), ("7", "bees")], {"a/6": "ants", "7": "bees"}),
        ([("0", "bees"), ("0", "ants"), ("0", "bees")], {"ants/0": "bees"}),
        ([("0", None), ("0", "wasps"), ("elsewhere", "ants"), ("7", None)], {}),
    ],
)
def test_a_photo_is_what_most_answers_name(relabelled, pairs, changes: dict[str, str]):
    assert relabelled(*pairs) == FOLDERS | changes


def test_a_photo_whose_answers_are_tied_is_left_out(relabelled):
    tied = [(content, label) for content in "07" for label in ("ants", "bees")]

    assert relabelled(*tied) == {key: name for key, name in FOLDERS.items() if key != "ants/0"}


def test_a_file_is_added_once_and_not_if_a_class_has_it(relabelled, folder: Path):
    (folder / "sent" / "copy").write_text("6")
    (folder / "sent" / "ant").write_text("0")

    assert list(relabelled(("6", "ants"), ("0", "ants")).values()).count("ants") == 4


def test_the_report_lists_what_changed_and_counts_what_did_not(folder: Path):
    pairs = [("0", "bees"), ("1", "ants"), ("1", "bees"), ("6", "bees"), ("2", "ants")]
    unused = [("3", None), ("3", "wasps"), ("3", "hornets"), ("3", "wasps"), ("?", "ants")]
    found = relabel(list_folders(folder / "photos"), answers(*pairs, *unused), folder / "sent")

    assert found.lists == {
        "Corrected": ["ants/0: bees"],
        "Added": ["a/6: bees"],
        "Answers differ": ["ants/1: 1 × ants, 1 × bees: left out"],
    }
    assert found.facts == {
        "answers": "5 of 10 joined to 4 photos",
        "no better class": "1 of them: wrong, and nothing else named",
        "other classes": "3 of them, such as wasps, hornets",
        "no such photo": "1 of them, as it cannot be found or read",
    }


def test_answers_that_leave_a_class_empty_are_refused(folder: Path):
    listing = list_folders(folder / "photos")

    with pytest.raises(PhotosInvalid, match=r"no photo in .* is of ants"):
        relabel(listing, answers(*[(content, "bees") for content in "012"]), None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no answers"),
        (b"nonce,answered_at\nx,2026", r"line 1 is no exported answer \(it is no JSON object\)"),
        (b'{"image_sha256": "", "true_label": null}\n[]\n', "line 2 is no exported"),
        (b'{"image_sha256": ""}', "true_label: Field required"),
        (b'{"image_sha256": 5, "true_label": null}', "image_sha256: Input should be a valid str"),
        (b'{"image_sha256": "", "true_label": true}', "true_label: Input should be a valid str"),
        (b"\xff\xd8", "is no text in UTF-8"),
    ],
)
def test_says_in_one_sentence_why_a_file_is_no_export(
    tmp_path: Path, content: bytes, sentence: str
):
    (tmp_path / "export.jsonl").write_bytes(content)

    with pytest.raises(AnswersInvalid, match=sentence) as caught:
        read_answers(tmp_path / "export.jsonl")
    assert "\n" not in str(caught.value)
    with pytest.raises(AnswersInvalid, match=r"cannot be read: No such file"):
        read_answers(tmp_path / "missing.jsonl")


def test_reads_rows_with_more_fields_and_any_text(tmp_path: Path):
    row = {"image_sha256": "ab", "true_label": "bees", "sure": None, "comment": "a\u2028b\x85"}
    (tmp_path / "export.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")

    assert read_answers(tmp_path / "export.jsonl") == [Answer(image_sha256="ab", true_label="bees")]
