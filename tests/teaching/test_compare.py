"""Old and new model on the same photos, without either."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.answers import Answers
from evaluation.photos import LabelledPhoto
from image_classifier.artifact import Artifact, InputSpec, Label, Manifest
from teaching.compare import OldModel, compare, mcnemar, old_model


def right(count: int) -> np.ndarray:
    return np.arange(40) < count


def artifact(version: str, *names: str) -> Artifact:
    manifest = Manifest("insects", version, "", InputSpec(8, 8, 8), "none", {}, {})
    return Artifact(manifest, tuple(Label(i, None, name) for i, name in enumerate(names)), b"?")


PHOTOS = tuple(LabelledPhoto(Path(), f"{i}.jpg", "ants") for i in range(4))
ANSWERS = Answers(PHOTOS, tuple("abcd"), np.zeros(4, int), np.tile([0.9, 0.1], (4, 1)), {}, 9)
NEW = artifact("2", "ants", "bees")


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (right(33), right(39), "right on 39 of 40 photos, the old one on 33: better (McNemar p = "),
        (right(39), right(33), "right on 33 of 40 photos, the old one on 39: worse (McNemar p = "),
        (right(34), right(39), "39 of 40 photos, the old one on 34: no difference that 40 photos"),
        (right(39), right(39), "no difference that 40 photos could show (McNemar p = 1)."),
        (right(9), ~right(31), "no difference that 40 photos could show (McNemar p = 1)."),
    ],
)
def test_says_whether_the_new_model_is_better(old: np.ndarray, new: np.ndarray, verdict: str):
    found = mcnemar("1", old, new, 0)

    assert verdict in found.sentence
    assert (found.new.right, found.old.right) == (new.sum(), old.sum())


def test_only_photos_that_one_alone_has_right_tell_models_apart():
    found = mcnemar("1", right(33), right(39), seen=3)

    assert (found.only_old, found.only_new, found.p_value) == (0, 6, pytest.approx(2 / 2**6))
    assert found.sentence.endswith(
        "The old one was taught on 3 of them, where it looks better than it is."
    )


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (artifact("1", "ants", "wasps"), "only one of the two has the classes bees, wasps"),
        (artifact("2", "ants", "bees"), "it is the same, byte for byte"),
        (artifact("1", "bees", "ants"), "LiteRT cannot read"),
    ],
)
def test_says_why_models_are_not_compared(old: Artifact, reason: str):
    found = compare(OldModel(old, frozenset()), NEW, ANSWERS, 0)

    assert isinstance(found, str)
    assert found.startswith(reason)


def test_a_damaged_old_model_is_no_reason_to_stop(tmp_path: Path):
    (tmp_path / "model.json").write_text("{")

    assert "malformed" in str(old_model(tmp_path))
    assert old_model(tmp_path / "none") is None
