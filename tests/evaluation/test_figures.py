import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.answers import Answers
from evaluation.figures import calibration_error, figures_of
from evaluation.photos import LabelledPhoto
from image_classifier.artifact import Artifact, InputSpec, Label, Manifest
from tests.conftest import ROOT


def artifact_of(classes: int) -> Artifact:
    manifest = Manifest("test", "0" * 12, "0" * 64, InputSpec(8, 8, 8), "float32", {}, {})
    return Artifact(manifest, tuple(Label(i, None, f"class {i}") for i in range(classes)), b"")


def answers_to(truth: list[int], probabilities: list[list[float]]) -> Answers:
    photos = tuple(LabelledPhoto(ROOT, f"{i}.jpg", str(label)) for i, label in enumerate(truth))
    digests = tuple(str(i) for i in range(len(truth)))
    return Answers(photos, digests, np.array(truth), np.array(probabilities, np.float32), {}, 1.0)


def test_counts_a_small_case_as_by_hand():
    answers = answers_to([0, 0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    figures = figures_of(answers, artifact_of(2))

    assert (figures.top1.right, figures.top1.photos, figures.top5) == (3, 4, None)
    assert figures.top1.low == pytest.approx(0.3006, abs=1e-4)
    assert figures.top1.high == pytest.approx(0.9544, abs=1e-4)
    assert figures.matrix == ((2, 0), (1, 1))
    assert [(c.precision, c.recall) for c in figures.classes] == [(2 / 3, 1.0), (1.0, 0.5)]
    assert [(p.actual, p.predicted, p.photos) for p in figures.pairs] == [("class 1", "class 0", 1)]
    assert [(w.file, round(w.score, 3)) for w in figures.surest_wrong] == [("2.jpg", 0.8)]
    assert [p.risk for p in figures.risk_coverage] == [0, 1 / 2, 1 / 3, 1 / 4]
    assert [p.coverage for p in figures.risk_coverage] == [0.25, 0.5, 0.75, 1]


def test_top_five_and_many_classes():
    rows = np.full((40, 40), 0.01)
    rows[np.arange(40), (np.arange(40) + 1) % 40] = 0.4
    rows[:39, :] += np.eye(40)[:39] * 0.1
    figures = figures_of(answers_to(list(range(40)), rows.tolist()), artifact_of(40))

    assert figures.top1.right == 0
    assert figures.top5
    # The last one's own class ties with 38 others, none of which is likelier.
    assert figures.top5.right == 40
    assert figures.matrix == ()
    assert len(figures.pairs) == 20


def test_a_class_that_was_not_shown_has_no_recall():
    figures = figures_of(answers_to([0, 0], [[0.1, 0.9], [0.9, 0.1]]), artifact_of(2))

    assert [(c.photos, c.precision, c.recall) for c in figures.classes] == [
        (2, 1, 0.5),
        (0, 0, None),
    ]


def test_calibration_error_is_zero_where_scores_are_shares():
    scores = np.repeat([0.75, 0.95], [8, 20])
    right = np.concatenate([np.arange(8) < 6, np.arange(20) < 19])

    assert calibration_error(scores, right) == pytest.approx(0, abs=1e-9)
    assert calibration_error(scores, ~right) == pytest.approx(0.5 * 8 / 28 + 0.9 * 20 / 28)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_calibration_error_is_a_share(pairs: list[tuple[float, bool]]):
    scores, right = (np.array(values) for values in zip(*pairs, strict=True))

    assert 0 <= calibration_error(scores, right.astype(bool)) <= 1
