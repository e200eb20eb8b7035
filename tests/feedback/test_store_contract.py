"""What every store promises: memory, the DynamoDB adapter on moto, and on the local stand-in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from feedback.record import Judgement
from feedback.store import FeedbackStore
from tests.feedback.conftest import feedback


def test_gives_back_exactly_what_was_stored(store: FeedbackStore):
    store.put(feedback())

    assert list(store.answers()) == [feedback()]


def test_gives_back_an_answer_without_its_optional_parts(store: FeedbackStore):
    absent = dict.fromkeys(("predicted_wnid", "true_label", "true_wnid", "comment", "sure"))
    bare = feedback(**absent, score=1e-06)
    store.put(bare)

    assert list(store.answers()) == [bare]


def test_only_the_first_answer_to_a_prediction_is_new(store: FeedbackStore):
    assert [store.put(feedback(seconds=second)) for second in range(3)] == [True, False, False]
    assert store.put(feedback("other"))


def test_the_later_answer_stands_also_when_it_arrives_first(store: FeedbackStore):
    later = feedback(seconds=0.000002, correct=True)
    store.put(later)

    assert not store.put(feedback(seconds=0.000001))
    assert list(store.answers()) == [later]


def test_the_same_answer_twice_leaves_one(store: FeedbackStore):
    assert [store.put(feedback()), store.put(feedback())] == [True, False]
    assert len(list(store.answers())) == 1


def test_twenty_parallel_answers_leave_one_item_and_one_is_new(
    store: FeedbackStore, request: pytest.FixtureRequest
):
    if request.node.callspec.params["store"] == "moto":
        pytest.skip("moto checks and writes in two steps: its threads overtake each other")
    answers = [feedback(seconds=second) for second in range(20)]
    with ThreadPoolExecutor(20) as pool:
        new = list(pool.map(store.put, answers))

    assert sorted(new) == [False] * 19 + [True]
    assert list(store.answers()) == [answers[-1]]


def test_counts_only_the_model_version_asked_for(store: FeedbackStore):
    store.put(feedback("a"))
    store.put(feedback("b", correct=True, true_label="tabby", sure=True))
    store.put(feedback("c", true_label=None, sure=None))
    store.put(feedback("d", model_version="another"))

    assert sorted(store.judgements("0123456789ab"), key=str) == [
        Judgement(correct=False, predicted_label="tabby", true_label="tiger cat", sure=False),
        Judgement(correct=False, predicted_label="tabby", true_label=None),
        Judgement(correct=True, predicted_label="tabby", true_label="tabby", sure=True),
    ]
    assert not list(store.judgements("unheard of"))


def test_a_changed_answer_is_counted_as_it_stands(store: FeedbackStore):
    store.put(feedback())
    store.put(feedback(seconds=1, correct=True, true_label="tabby"))

    assert [judgement.correct for judgement in store.judgements("0123456789ab")] == [True]


def test_times_keep_their_order_as_text(store: FeedbackStore):
    whole_second = feedback(seconds=1)
    assert whole_second.answered_at.microsecond == 0
    store.put(whole_second)
    store.put(feedback(seconds=1.5, comment=None))

    (standing,) = store.answers()
    assert standing.answered_at == datetime.fromisoformat("2026-11-21T12:00:01.500000+00:00")
