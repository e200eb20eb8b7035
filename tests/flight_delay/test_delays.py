"""``POST /v1/flights/delay``: JSON and CSV, and every way they can be wrong."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from flight_delay.model import COLUMNS, DelayModel
from tests.flight_delay.test_prediction import FLIGHT, LATE, assert_problem

ROW = {"OPERA": "Iberia", "MES": 1, "TIPOVUELO": "I"}
NIGHT = {**ROW, "DIANOM": "Viernes", "periodo_dia": "noche"}
HEADER = ",".join(COLUMNS)
CSV = f"{HEADER}\nIberia,1,I,Viernes,noche\nIberia,1,I,,\n"


def post(api: TestClient, body: str | bytes, content_type: str = "text/csv") -> Any:
    return api.post("/v1/flights/delay", content=body, headers={"content-type": content_type})


def test_answers_each_flight_in_its_order(api: TestClient):
    answer = api.post("/v1/flights/delay", json=[ROW, NIGHT, {**ROW, "DIANOM": None}]).json()

    plain, night, same = answer["flights"]
    assert plain == same
    assert plain["probability"] != night["probability"]
    assert len(answer["model"]["version"]) == 32


def test_answers_as_the_single_prediction_does(api: TestClient):
    rows = [{**flight, "MES": int(flight["MES"])} for flight in (FLIGHT, LATE)]

    answer = api.post("/v1/flights/delay", json={"flights": rows}).json()

    assert [each["response"] for each in answer["flights"]] == [0, 1]
    for each in answer["flights"]:
        assert each["response"] == (each["probability"] >= answer["threshold"])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (CSV, "text/csv"),
        ("\ufeff" + CSV, "text/csv; charset=utf-8"),
        (CSV.replace(",", ";"), "text/csv"),
        (CSV.replace("\n", "\r\n") + "\r\n", "text/csv"),
        (CSV.replace("Iberia", '"iBéria "'), "text/csv"),
        (CSV.replace("Iberia", "Ibería").encode("latin-1"), 'text/csv; charset="ISO-8859-1"'),
    ],
    ids=["plain", "BOM", "semicolons", "CRLF", "quoted", "Latin-1, as it says"],
)
def test_csv_says_the_same_as_json(api: TestClient, body: str | bytes, content_type: str):
    expected = api.post("/v1/flights/delay", json=[NIGHT, ROW]).json()

    assert post(api, body, content_type).json() == expected


def test_takes_ten_thousand_flights_and_no_more(api: TestClient):
    flights = [NIGHT] * 10_000
    lines = "Iberia,1,I,Viernes,noche\n" * 10_001

    assert len(api.post("/v1/flights/delay", json=flights).json()["flights"]) == 10_000
    assert_problem(api.post("/v1/flights/delay", json=[*flights, ROW]), "at most 10000")
    assert_problem(post(api, f"{HEADER}\n{lines}"), "10,000")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], ["at least 1"]),
        ([ROW, {**ROW, "MES": 13}], ["row 2, column MES", "12"]),
        ([{**ROW, "MES": 0}], ["row 1, column MES"]),
        ([{**ROW, "MES": 1.5}], ["row 1, column MES", "integer"]),
        ([{**ROW, "MES": "1"}], ["row 1, column MES", "integer"]),
        ([{**ROW, "MES": 1e308}], ["row 1, column MES"]),
        ([ROW, ROW, {**ROW, "OPERA": "Iberica"}], ["row 3, column OPERA", "Iberia"]),
        ([{**ROW, "OPERA": ["Iberia"]}], ["row 1, column OPERA"]),
        ([{**ROW, "DIANOM": "Monday"}], ["row 1, column DIANOM", "Lunes"]),
        ([{**ROW, "Fecha": "x"}], ["row 1, column Fecha"]),
        ([{"MES": 1}], ["column OPERA", "column TIPOVUELO"]),
        ([{**ROW, "OPERA": str(n)} for n in range(20)], ["row 5", "and 15 more"]),
        ([3], ["row 1"]),
        ({"flights": [{**ROW, "MES": 99}]}, ["row 1, column MES"]),
        ({"rows": []}, ["flights"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_names_row_and_column_of_what_is_wrong(api: TestClient, rows: Any, words: list[str]):
    assert_problem(api.post("/v1/flights/delay", json=rows), *words)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, ["no body"]),
        ("\ufeff\n", 400, ["no column OPERA"]),
        ("OPERA,MES\nIberia,1\n", 400, ["no column TIPOVUELO"]),
        (CSV.replace("Iberia", "Ibería").encode("latin-1"), 400, ["not utf-8", "iso-8859-1"]),
        (f"{HEADER}\nIberia,1\n", 400, ["row 1: 2 cells", "5"]),
        (f"{HEADER},AÑO\nIberia,1,I,,,2017\n", 422, ["AÑO"]),
        (f"OPERA,{HEADER}\nA,Iberia,1,I,,\n", 422, ["OPERA", "once"]),
        (f"{HEADER}\n", 422, ["1 to 10,000"]),
        (f"{HEADER}\nIberia,1,I,,\nIberia,13,I,,\n", 422, ["row 2, column MES: '13'"]),
        (f"{HEADER}\n,1,I,,\n", 422, ["row 1, column OPERA: is missing"]),
        (f"{HEADER}\n{'x' * 200_000},1,I,,\n", 400, ["field larger"]),
        (bytes(4_500_001), 413, ["4,500,000"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_refuses_csv_that_cannot_be_used(
    api: TestClient, body: str | bytes, status: int, words: list[str]
):
    assert_problem(post(api, body), *words, status=status)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("3", "application/json", 400),
        (CSV, "text/plain", 415),
        (CSV, "text/csv; charset=utf-16", 415),
        (CSV, "", 415),
    ],
)
def test_refuses_what_is_not_what_it_says(
    api: TestClient, body: str, content_type: str, status: int
):
    assert_problem(post(api, body, content_type), status=status)


@pytest.mark.parametrize("content_type", ["text/csv", "application/json"])
@given(body=st.binary() | st.text(alphabet='OPERAMSTI,;\n"[{}]:1').map(str.encode))
def test_any_bytes_get_an_answer(api: TestClient, content_type: str, body: bytes):
    assert post(api, body, content_type).status_code in {200, 400, 422}


def test_lists_the_airlines_that_it_takes(api: TestClient):
    airlines = api.get("/v1/flights/airlines").json()["airlines"]
    rows = [{**ROW, "OPERA": airline} for airline in airlines]

    assert len(airlines) == 23
    assert api.post("/v1/flights/delay", json=rows).status_code == 200


def test_says_what_serves_and_how_well_it_does(api: TestClient):
    served = api.get("/v1/models/flight-delay").json()

    assert served["trained_on"]["flights"] == 68_206
    assert 0.66 < served["metrics"]["auc_three_inputs"] < served["metrics"]["auc_five_inputs"]
    assert api.get("/v1/flights/health").json()["model"]["version"] == served["version"]
    assert "/v1/flights/delay" in api.get("/v1/flights/openapi.json").json()["paths"]


def test_probabilities_do_not_depend_on_the_other_flights(model: DelayModel):
    table = {"OPERA": ["Iberia", "K.L.M."], "MES": ["1", "7"], "TIPOVUELO": ["I", "I"]}
    alone = [
        model.probabilities({column: [values[n]] for column, values in table.items()})[0]
        for n in (0, 1)
    ]

    np.testing.assert_array_equal(model.probabilities(table), alone)
