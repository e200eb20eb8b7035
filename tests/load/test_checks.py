"""Answers, sorted: good ones, wrong ones, overload, timeouts."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.checks import (
    Answer,
    WrongAnswer,
    check_feedback,
    check_labels,
    check_page,
    check_prediction,
    cold_start,
    judge,
    request_id,
)


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


def nothing(_: bytes) -> None:
    """Every body will do."""


def test_a_good_prediction_passes():
    assert check_prediction(body_of(0.7, 0.2), top_k=2).prediction_id == "signed"


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
        check_prediction(body, top_k=2)


@given(st.binary(max_size=200))
def test_any_bytes_get_a_judgement(body: bytes):
    answer = Answer(200, {}, body)

    assert judge(answer, partial(check_prediction, top_k=5)).outcome == "failed"
    assert judge(Answer(503, {}, body), nothing).outcome in ("failed", "refused")


def test_feedback_must_come_back_as_sent():
    body = json.dumps({"prediction_id": "r", "correct": True}).encode()

    check_feedback(body, "r", correct=True)
    with pytest.raises(WrongAnswer):
        check_feedback(body, "r", correct=False)
    with pytest.raises(WrongAnswer):
        check_feedback(body, "another", correct=True)


def test_labels_must_not_be_empty():
    check_labels(b'{"labels": [{"index": 0, "label": "tench", "wnid": null}]}')
    with pytest.raises(WrongAnswer):
        check_labels(b'{"labels": []}')


def test_the_page_must_be_whole():
    page = b'<html><script type="module" src="app.js"></script></html>\n'

    check_page(page)
    for broken in (page[:-9], b"<html></html>"):
        with pytest.raises(WrongAnswer):
            check_page(broken)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200), "ok"),
        (Answer(201), "ok"),
        (Answer(429, {}, b'{"message":"Too Many Requests"}'), "refused"),
        (Answer(503, {"retry-after": "1"}), "refused"),
        (Answer(503, {}, b'{"code": "too_many_requests"}'), "refused"),
        (Answer(503, {}, b'{"message":"Service Unavailable"}'), "failed"),
        (Answer(504), "timeout"),
        (Answer(0, error=TimeoutError()), "timeout"),
        (Answer(0, error=ConnectionResetError()), "failed"),
        (Answer(302), "failed"),
        (Answer(404), "failed"),
        (Answer(502, {}, b'{"code": "function_crashed"}'), "failed"),
    ],
)
def test_every_answer_has_its_outcome(answer: Answer, outcome: str):
    assert judge(answer, nothing).outcome == outcome


def test_a_failure_says_its_code():
    answer = Answer(502, {}, b'{"code": "function_crashed"}')

    assert judge(answer, nothing).reason == "502 function_crashed"


@pytest.mark.parametrize(
    ("retry_after", "waited_s"),
    [({}, 1), ({"retry-after": "7"}, 7), ({"retry-after": "9999"}, 60), ({"retry-after": "x"}, 1)],
)
def test_a_refused_client_waits_as_told(retry_after: dict[str, str], waited_s: float):
    assert judge(Answer(429, retry_after), nothing).retry_after_s == waited_s


def test_cold_is_what_the_header_says():
    headers = [{"x-cold-start": "true"}, {"x-cold-start": "false"}, {}]

    assert [cold_start(each) for each in headers] == [True, False, None]


def test_the_functions_request_id_goes_before_the_gateways():
    assert request_id({"x-request-id": "f", "apigw-requestid": "g"}) == "f"
    assert request_id({"apigw-requestid": "g"}) == "g"
    assert request_id({}) == ""
