"""Photos that are answered later: none may be lost, unfinished, or answered otherwise."""

import json
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from loadtest.check import Answer, WrongAnswer
from loadtest.soak.findings import notes
from loadtest.soak.queued import check_taken, compare_ends, end_of, fingerprint

RANKING = [{"label": "tench", "wnid": None, "score": 0.7}]
PREDICTION = {
    "prediction_id": "receipt",
    "model": {"name": "m", "version": "v"},
    "predictions": RANKING,
}
PROBLEM = {
    "type": "about:blank",
    "title": "t",
    "status": 422,
    "detail": "d",
    "code": "image_damaged",
    "request_id": "r",
}
PAUSES = 2
NOT_FOUND = Answer(404, {}, b'{"code": "prediction_not_found"}')


def state(status: str, http_status: int = 200, **members: Any) -> Answer:
    body = {"id": "a", "status": status, "created_at": "2026-11-21T08:00:00Z", **members}
    return Answer(http_status, {"retry-after": "1"}, json.dumps(body).encode())


SUCCEEDED = state("succeeded", prediction=PREDICTION)
END = fingerprint(PREDICTION)


def test_the_same_answer_with_another_receipt_or_request_is_the_same_end():
    assert end_of(state("succeeded", prediction=PREDICTION | {"prediction_id": "x"})) == END
    problem = state("failed", error=PROBLEM | {"request_id": "x"})
    assert end_of(problem) == fingerprint(PROBLEM)
    assert fingerprint(PROBLEM).startswith("image_damaged:")


@pytest.mark.parametrize(
    "changes",
    [{"predictions": [RANKING[0] | {"score": 0.6}]}, {"model": {"name": "m", "version": "w"}}],
)
def test_another_answer_is_another_end(changes: dict[str, Any]):
    assert end_of(state("succeeded", prediction=PREDICTION | changes)) != END


@pytest.mark.parametrize("status", ["awaiting_upload", "queued", "running"])
def test_an_unfinished_photo_has_no_end_and_says_when_to_ask_again(status: str):
    assert end_of(state(status)) == ""
    with pytest.raises(WrongAnswer):
        end_of(Answer(200, {}, state(status).body))


@pytest.mark.parametrize(
    ("answer", "taken", "kept"),
    [
        (state("queued", 202), "", "a"),
        (state("queued", 202), "a", "a"),  # sent again under its key
        (Answer(204), "b", "b"),  # the bucket's
    ],
)
def test_what_was_taken_is_kept_with_the_end_that_it_must_have(answer: Answer, taken, kept):
    comment = check_taken(answer, END, taken)

    assert dict(notes([comment], "photo")) == {kept: END}


@pytest.mark.parametrize(
    ("answer", "taken"),
    [(state("queued", 202), "b"), (state("queued"), ""), (Answer(204), ""), (Answer(403), "b")],
)
def test_nothing_else_is_taken(answer: Answer, taken: str):
    with pytest.raises(WrongAnswer):
        check_taken(answer, END, taken)


@pytest.fixture
def problems_of() -> Callable[..., list[str]]:
    """What a soak says of a photo that gives these answers, the last of them for ever."""

    def problems(*answers: Answer) -> list[str]:
        states: Iterator[Answer] = chain(answers, repeat(answers[-1]))
        return list(compare_ends({"a": END}, lambda _: next(states), iter(range(PAUSES))))

    return problems


def test_a_photo_whose_worker_was_killed_may_be_answered_late(problems_of):
    assert problems_of(state("running"), state("queued"), SUCCEEDED) == []


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([state("queued")], "unfinished"),  # its message was purged
        ([*[state("running")] * (1 + PAUSES), SUCCEEDED], "unfinished"),  # too late
        ([state("queued"), NOT_FOUND], "404 prediction_not_found"),
        ([state("expired")], "it ended as expired"),  # its upload was lost
        ([state("failed", error=PROBLEM)], fingerprint(PROBLEM)),
        ([state("succeeded", prediction=PREDICTION | {"predictions": []})], "succeeded:"),
    ],
)
def test_a_lost_or_otherwise_answered_photo_fails_the_soak(problems_of, answers, problem: str):
    (sentence,) = problems_of(*answers)

    assert sentence.startswith(f"photo a: {problem}")
    assert sentence.endswith(f"not {END}")
