"""Answers, sorted: good ones, wrong ones, overload, timeouts."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given, strategies

from loadtest.check import (
    Answer,
    Check,
    check_delays,
    check_feedback,
    check_labels,
    check_page,
    check_prediction,
    check_problem,
    check_species,
    classify,
)


def body_of(*scores: float, **changes: Any) -> bytes:
    predictions = [
        {"label": f"class {index}", "wnid": f"n{index}", "score": score}
        for index, score in enumerate(scores)
    ]
    model = {"name": "m", "version": "v"}
    members = {"prediction_id": "signed", "model": model, "predictions": predictions}
    return json.dumps(members | changes).encode()


def good(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {"x-environment-id": "e"}, body)


def iris_of(label: str = "Iris-setosa") -> bytes:
    data = {"pred_confidence": 0.9, "pred_label": label, "model_version": "v"}
    return json.dumps({"message": "success", "data": data}).encode()


def delays_of(*flights: tuple[float, int]) -> bytes:
    """Flights by probability and response; the threshold is not quite 0.2."""
    rows = [{"probability": probability, "response": late} for probability, late in flights]
    model = {"name": "m", "version": "v"}
    return json.dumps({"model": model, "threshold": 0.2000000001, "flights": rows}).encode()


IRIS_LIST = iris_of().replace(b'"data": {', b'"data": [{').replace(b'"}}', b'"}]}')
PREDICTION = body_of(0.7, 0.2)
STORED = b'{"prediction_id": "r", "correct": true}'
TENCH = b'{"labels": [{"index": 0, "label": "tench", "wnid": null, "synonyms": []}]}'
PAGE = b'<html><script type="module" src="app.js"></script></html>\n'
check_two = partial(check_prediction, top_k=2)
check_stored = partial(
    check_feedback, sent={"prediction_id": "r", "correct": True}, statuses=(200,)
)
check_setosa = partial(check_species, species=["Iris-setosa"])
check_late = partial(check_delays, count=2)
check_bomb = partial(check_problem, status=413, code="too_many_pixels")
WRONG = {
    check_two: (
        *(body_of(*scores) for scores in ((0.7,), (0.2, 0.7), (1.2, 0.1), (0.5, -0.1), (0.9, 0.8))),
        PREDICTION.replace(b"0.7", b"NaN"),
        body_of(0.7, 0.2, prediction_id=""),
        body_of(0.7, 0.2, model={"name": "m"}),
        PREDICTION.replace(b"class 0", b""),
        PREDICTION.replace(b"class 1", b"class 0").replace(b"n1", b"n0"),
        *(b"<html>", b"", b"[]"),
    ),
    check_stored: (STORED.replace(b"true", b"false"), STORED.replace(b'"r"', b'"another"')),
    check_labels: (b'{"labels": []}', b'{"labels": [{"index": 0}]}', TENCH.replace(b"0", b"-1")),
    check_page: (PAGE[:-9], b"<html></html>"),
    check_setosa: (iris_of("Iris-virginica"), b'{"message": "success", "data": null}', IRIS_LIST),
    check_late: (delays_of((0.3, 1)), delays_of((0.3, 1), (0.1, 1)), delays_of((0.3, 0), (0.1, 0))),
    check_bomb: (PREDICTION,),
}


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        *((check_two, good(PREDICTION)), (check_stored, good(STORED))),
        *((check_labels, good(TENCH)), (check_page, good(PAGE))),
        *((check_setosa, good(iris_of())), (check_late, good(delays_of((0.2, 1), (0.1, 0))))),
        (check_bomb, good(b'{"code": "too_many_pixels"}', 413)),
    ],
)
def test_the_right_answer_is_good(check: Check, answer: Answer):
    assert classify(answer, check).outcome == "ok"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        *((check, good(body)) for check, bodies in WRONG.items() for body in bodies),
        *((check_two, Answer(200, {}, PREDICTION)), (check_two, good(PREDICTION, 201))),
        *((check_stored, good(STORED, 201)), (check_bomb, good(b'{"code": "other"}', 413))),
    ],
)
def test_any_other_answer_is_a_failure(check: Check, answer: Answer):
    assert classify(answer, check).outcome == "failed"


@given(strategies.binary(max_size=200))
def test_any_bytes_get_an_outcome(body: bytes):
    for check in (check_prediction, check_labels, check_page):
        assert classify(good(body), check).outcome == "failed"
    assert classify(Answer(503, {}, body), check_prediction).outcome in ("failed", "refused")


def any_status(_: Answer) -> None:
    """Every answer will do."""


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200), "ok"),
        (Answer(201), "ok"),
        (Answer(429, {}, b'{"message":"Too Many Requests"}'), "refused"),
        (Answer(503, {"retry-after": "1"}), "refused"),
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
