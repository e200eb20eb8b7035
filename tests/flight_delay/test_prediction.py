"""``GET /prediction``: the contract of the service before this one, and its refusals."""

from typing import Any

import pytest
from starlette.testclient import TestClient

PATHS = ("/prediction", "/v1/prediction")
FLIGHT = {"MES": "1", "OPERA": "Iberia", "TIPOVUELO": "I"}
LATE = {"MES": "7", "OPERA": "Aerolineas Argentinas", "TIPOVUELO": "I"}


def assert_problem(answer: Any, *words: str, status: int = 422) -> None:
    body = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(word in body["detail"] for word in words), body["detail"]
    assert len(body["detail"]) < 1000


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("flight", "response"), [(FLIGHT, 0), (LATE, 1)])
def test_answers_as_its_clients_expect(api: TestClient, path: str, flight: Any, response: int):
    answer = api.get(path, params=flight)

    assert answer.json() == {"response": response}


@pytest.mark.parametrize(
    "flight",
    [
        {"OPERA": "AEROLÍNEAS argentinas", "TIPOVUELO": "i"},
        {"DIANOM": "Miércoles", "periodo_dia": "MANANA"},
        {"DIANOM": "", "periodo_dia": ""},
    ],
    ids=str,
)
def test_case_and_accents_do_not_count_and_optional_columns_are_taken(
    api: TestClient, flight: dict[str, str]
):
    assert api.get("/prediction", params={**LATE, **flight}).json() == {"response": 1}


@pytest.mark.parametrize(
    ("flight", "words"),
    [
        ({"MES": "0"}, ["MES: '0' is none of 1, 2"]),
        ({"MES": "13"}, ["MES: '13'"]),
        ({"MES": "1.5"}, ["MES: '1.5'"]),
        ({"MES": ""}, ["MES: is missing"]),
        ({"TIPOVUELO": "X"}, ["TIPOVUELO: 'X' is none of I, N"]),
        ({"OPERA": "Iberica"}, ["OPERA", "nearest: Iberia"]),
        ({"OPERA": "Latam"}, ["OPERA", "Grupo LATAM"]),
        ({"OPERA": "✈"}, ["OPERA", "/v1/flights/airlines"]),
        ({"OPERA": "x" * 1500}, ["OPERA", "…"]),
        ({"DIANOM": "Monday"}, ["DIANOM: 'Monday' is none of Lunes"]),
        ({"DIANON": "Lunes"}, ["DIANON", "DIANOM"]),
        ({"MES": "99", "OPERA": "Nobody", "TIPOVUELO": "Z"}, ["MES", "OPERA", "TIPOVUELO"]),
        ({"MES": ["1", "2"]}, ["MES", "2 times"]),
        ({"OPERA": "x" * 60_000}, ["60,0", "bytes"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_names_the_parameter_that_is_wrong(api: TestClient, flight: Any, words: list[str]):
    assert_problem(api.get("/prediction", params={**FLIGHT, **flight}), *words)


@pytest.mark.parametrize("name", FLIGHT)
def test_names_the_parameter_that_is_missing(api: TestClient, name: str):
    flight = {key: value for key, value in FLIGHT.items() if key != name}

    assert_problem(api.get("/prediction", params=flight), f"{name}: is missing")
