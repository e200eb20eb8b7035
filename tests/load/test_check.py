"""Answers, sorted: good ones, wrong ones, overload, timeouts."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.check import (
    Answer,
    WrongAnswer,
    check_feedback,
    check_labels,
    check_page,
    check_prediction,
    check_problem,
    classify,
)

BY_E = {"x-environment-id": "e"}


def body_of(*scores: float, **changes: Any) -> bytes:
    predictions = [
        {"label": f"class {index}", "wnid": f"n{index}", "score": score}
        for index, score in enumerate(scores)
    ]
    good = {
        "prediction_id": "signed",
        "model": {"name": "m", "version": "v"},
        "predictions": predictions,
    }
    return json.dumps(good | changes).encode()


def any_status(_: Answer) -> None:
    """Every answer will do."""


def good(body: bytes, status: int = 200) -> Answer:
    return Answer(status, BY_E, body)


def test_a_good_prediction_passes():
    assert check_prediction(good(body_of(0.7, 0.2)), top_k=2)["prediction_id"] == "signed"


@pytest.mark.parametrize(
    "body",
    [
        body_of(0.7),
        body_of(0.2, 0.7),
        body_of(1.2, 0.1),
        body_of(0.5, -0.1),
        body_of(0.9, 0.8),
        body_of(0.7, 0.2).replace(b"0.7", b"NaN"),
        body_of(0.7, 0.2, prediction_id=""),
        body_of(0.7, 0.2, model={"name": "m"}),
        body_of(0.7, 0.2).replace(b"class 0", b""),
        body_of(0.7, 0.2).replace(b"class 1", b"class 0").replace(b"n1", b"n0"),
        b"<html>",
        b"",
        b"[]",
    ],
)
def test_a_wrong_prediction_is_found(body: bytes):
    with pytest.raises(WrongAnswer):
        check_prediction(good(body), top_k=2)


@pytest.mark.parametrize(
    "answer", [Answer(200, {}, body_of(0.7, 0.2)), good(body_of(0.7, 0.2), status=201)]
)
def test_a_prediction_has_its_status_and_names_its_environment(answer: Answer):
    with pytest.raises(WrongAnswer):
        check_prediction(answer, top_k=2)


def test_a_hostile_request_must_get_its_own_code():
    due = partial(check_problem, status=413, code="too_many_pixels")

    assert classify(Answer(413, {}, b'{"code": "too_many_pixels"}'), due).outcome == "ok"
    assert classify(Answer(413, {}, b'{"code": "image_too_large"}'), due).outcome == "failed"
    assert classify(good(body_of(0.7, 0.2)), due).outcome == "failed"


@given(st.binary(max_size=200))
def test_any_bytes_get_an_outcome(body: bytes):
    for check in (check_prediction, check_labels, check_page):
        assert classify(good(body), check).outcome == "failed"
    assert classify(Answer(503, {}, body), check_prediction).outcome in ("failed", "refused")


def test_feedback_must_come_back_as_sent():
    body = json.dumps({"prediction_id": "r", "correct": True}).encode()

    check_feedback(good(body), "r", (200,), correct=True)
    for status, receipt, correct in ((201, "r", True), (200, "r", False), (200, "another", True)):
        with pytest.raises(WrongAnswer):
            check_feedback(good(body), receipt, (status,), correct=correct)


def test_labels_must_not_be_empty():
    check_labels(good(b'{"labels": [{"index": 0, "label": "tench", "wnid": null}]}'))
    for wrong in (b"[]", b'[{"index": -1, "label": "tench", "wnid": null}]', b'[{"index": 0}]'):
        with pytest.raises(WrongAnswer):
            check_labels(good(b'{"labels": %b}' % wrong))


def test_the_page_must_be_whole():
    page = b'<html><script type="module" src="app.js"></script></html>\n'

    check_page(good(page))
    for broken in (page[:-9], b"<html></html>"):
        with pytest.raises(WrongAnswer):
            check_page(good(broken))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200), "ok"),
        (Answer(201), "ok"),
        (Answer(429, {}, b'{"message":"Too Many Requests"}'), "refused"),
        (Answer(503, {"retry-after": "1"}), "refused"),
        (Answer(503, {}, b'{"code": "too_many_requests"}'), "refused"),
        (Answer(504), "timeout"),
        (Answer(0, error=TimeoutError()), "timeout"),
        (Answer(0, error=ConnectionResetError()), "failed"),
    ],
)
def test_every_answer_has_its_outcome(answer: Answer, outcome: str):
    assert classify(answer, any_status).outcome == outcome


@pytest.mark.parametrize("status", [302, 404, 502, 503])
def test_another_status_is_a_failure_that_says_its_code(status: int):
    answer = Answer(status, {}, b'{"code": "function_crashed"}')

    result = classify(answer, check_prediction)

    assert (result.outcome, result.reason) == ("failed", f"{status} function_crashed")


@pytest.mark.parametrize(
    ("retry_after", "waited_s"),
    [({}, 1), ({"retry-after": "7"}, 7), ({"retry-after": "9999"}, 60), ({"retry-after": "x"}, 1)],
)
def test_a_refused_client_waits_as_told(retry_after: dict[str, str], waited_s: float):
    assert classify(Answer(429, retry_after), any_status).retry_after_s == waited_s
