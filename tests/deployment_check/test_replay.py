"""Which answers let a new version have traffic."""

from collections.abc import Callable
from typing import Any

import pytest

from deployment_check.replay import replay
from deployment_check.request import NoAnswer
from tests.deployment_check.conftest import GOLDEN, answer, problem


def disagreements(invoke: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, str]:
    return {
        comparison.name: comparison.disagreement
        for comparison in replay(GOLDEN, invoke)
        if comparison.disagreement
    }


def test_agrees_within_the_tolerance_and_where_either_answer_is_right(classifier: Any):
    assert disagreements(classifier()) == {}
    assert len(list(replay(GOLDEN, classifier()))) == 3


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer({"lynx": 0.71, "tabby": 0.69}), "Keras says tabby"),
        (answer({"tabby": 0.64, "lynx": 0.2}), "Keras gives it 0.700"),
        (answer({"tabby": 0.7, "lynx": 0.3}), "lynx has 0.300"),
        (answer({"tabby": 0.7}), "lynx has 0.000"),
        (answer({"tabby": float("nan"), "lynx": 0.2}), "Keras gives it"),
        (answer({"tabby": 0.7, "lynx": 0.2}, version="ba9876543210"), "golden photos are of"),
        (answer({}), "not understood"),
        (problem(500, "internal_error"), "status 500"),
        ({"statusCode": 200, "body": "<html>"}, "not understood"),
        ({"statusCode": 200}, "not understood"),
        ({"statusCode": 200, "body": "[]"}, "not understood"),
        ("a string", "not understood"),
        ({"errorMessage": "out of memory"}, "not understood"),
        (NoAnswer("the function failed: Runtime.ExitError"), "Runtime.ExitError"),
    ],
)
def test_names_the_photo_and_what_is_wrong(classifier: Any, response: Any, reason: str):
    mismatches = disagreements(classifier(cat=response))

    assert list(mismatches) == ["cat.png"]
    assert reason in mismatches["cat.png"]


def test_tells_what_was_expected_and_what_was_answered(classifier: Any):
    pairs = [
        (comparison.expected, comparison.actual) for comparison in replay(GOLDEN, classifier())
    ]

    assert pairs == [
        ("tabby 0.700", "tabby 0.680"),
        ("ball 0.310", "mat 0.330"),
        ("a problem", "status 422 with the code image_damaged"),
    ]


@pytest.mark.parametrize(
    "response",
    [
        answer({"tabby": 0.9}),
        problem(500, "internal_error"),
        problem(422, "invalid_request"),
        {"statusCode": 422, "body": "[]"},
    ],
)
def test_a_broken_photo_must_be_refused(classifier: Any, response: dict[str, Any]):
    assert list(disagreements(classifier(broken=response))) == ["a broken photo"]
