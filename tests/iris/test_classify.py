"""The contract of the service before this one, to the letter, and what goes beyond it."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from starlette.testclient import TestClient

from iris.model import COLUMNS
from tests.classifier_fakes import RecordingTelemetry

VIRGINICA = {"sepal_length": 7.7, "sepal_width": 2.6, "petal_length": 6.9, "petal_width": 2.3}
SETOSA = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


def flower(**changes: Any) -> dict[str, Any]:
    return {**VIRGINICA, **changes}


def assert_refused(answer: Any, *words: str) -> None:
    body = answer.json()
    message = body["error"].pop("message")
    assert answer.status_code == 400
    assert body == {
        "message": "failed",
        "data": None,
        "error": {"raised": "ValidationError", "raisedOn": "ApiClassify", "code": "400"},
        "version": "1.0.0",
    }
    assert all(word in message for word in words), message


def test_answers_as_its_clients_expect(api: TestClient):
    body = api.post("/v1/classify", json=VIRGINICA).json()

    confidence, version = body["data"].pop("pred_confidence"), body["data"].pop("model_version")
    assert body == {
        "message": "success",
        "data": {"pred_label": "Iris-virginica"},
        "error": None,
        "version": "1.0.0",
    }
    assert 0.99 <= confidence <= 1
    assert re.fullmatch("[0-9a-f]{32}", version)


def test_a_list_gets_a_list_in_its_order(api: TestClient):
    flowers = [SETOSA, VIRGINICA] * 500
    data = api.post("/v1/classify", json=flowers).json()["data"]

    assert [each["pred_label"] for each in data] == ["Iris-setosa", "Iris-virginica"] * 500


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, COLUMNS),
        (flower(sepal_length="7.7"), ["sepal_length", "number"]),
        (flower(colour=1), ["colour", "not permitted"]),
        (flower(petal_width=True), ["petal_width"]),
        (flower(petal_width=None), ["petal_width"]),
        (flower(petal_width=-0.1), ["petal_width", "greater than or equal to 0"]),
        (flower(petal_width=30.01), ["petal_width", "30"]),
        (flower(petal_width=1e308), ["petal_width", "30"]),
        ([], ["at least 1"]),
        ([VIRGINICA] * 1001, ["at most 1000"]),
        ([VIRGINICA, flower(sepal_width="wide"), 3], ["1.sepal_width", "2: "]),
        ([{}] * 5, ["0.sepal_length", "and 10 more"]),
        ("flower", ["object"]),
        (3, ["object"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_refuses_what_is_no_flower_and_names_every_field(api: TestClient, body: Any, words: Any):
    assert_refused(api.post("/v1/classify", json=body), *words)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "01", "0x1"])
def test_refuses_numbers_that_are_none(api: TestClient, number: str):
    body = str(VIRGINICA).replace("'", '"').replace("7.7", number)

    assert_refused(api.post("/v1/classify", content=body))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"sepal_length=7.7"])
def test_refuses_what_is_no_json_in_its_own_form(api: TestClient, body: bytes):
    assert_refused(api.post("/v1/classify", content=body), "JSON")


def test_an_unexpected_error_has_the_same_form_and_leaves_its_trace(
    build_api: Callable[..., TestClient], telemetry: RecordingTelemetry
):
    def broken(_rows: NDArray[np.float32]) -> NDArray[np.float32]:
        raise ZeroDivisionError

    answer = build_api(broken).post("/v1/classify", json=VIRGINICA)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "500"
    assert answer.json()["message"] == "failed"
    assert isinstance(telemetry.crashes[0], ZeroDivisionError)
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/classify", 405), ("GET", "/v1/nowhere", 404)]
)
def test_other_errors_stay_problems(api: TestClient, method: str, path: str, status: int):
    answer = api.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@given(st.binary())
def test_any_bytes_get_an_answer_in_its_form(api: TestClient, body: bytes):
    answer = api.post("/v1/classify", content=body)

    assert_refused(answer)


def test_says_what_serves_and_how_well_it_does(api: TestClient):
    model = api.get("/v1/models/iris").json()

    assert model["metrics"]["accuracy_cross_validated"] >= 0.95
    assert model["trained_on"]["flowers"] == 150
    assert api.get("/v1/iris/health").json()["model"]["version"] == model["version"]
    assert "/v1/classify" in api.get("/v1/iris/openapi.json").json()["paths"]
