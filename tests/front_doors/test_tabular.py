"""Iris and flight delay in the Open Inference Protocol: their own models, and the real client."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from httpx2 import Response
from starlette.testclient import TestClient

from flight_delay.model import DelayModel
from front_doors.open_inference import create_router
from front_doors.refusals import error_object
from front_doors.tabular_models import delay_model, iris_model
from iris.model import COLUMNS, IrisModel
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tabular.artifact import load_artifact
from tabular.runtime import load_model
from tests.classifier_fakes import RecordingTelemetry
from tests.conftest import ROOT, Cloud

VIRGINICA = {"sepal_length": 7.7, "sepal_width": 2.6, "petal_length": 6.9, "petal_width": 2.3}
FLIGHT = {"OPERA": "Iberia", "MES": 1, "TIPOVUELO": "I"}


@pytest.fixture(scope="module")
def tabular() -> Iterator[TestClient]:
    iris, flowers = load_artifact(ROOT / "functions" / "iris" / "model")
    delay, flights = load_artifact(ROOT / "functions" / "flight_delay" / "model")
    models = [
        iris_model(IrisModel(iris, load_model(flowers))),
        delay_model(DelayModel(delay, load_model(flights))),
    ]
    app = create_app(
        *("Test", "", create_router(models), ServingEnvironment("env-1", "on-demand")),
        RecordingTelemetry(),
        error_form=error_object,
    )
    with TestClient(app) as client:
        yield client


def columns(rows: list[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    """``rows`` as inputs; ``changes`` are of every one."""
    return [
        {
            "name": name,
            "datatype": "BYTES" if isinstance(value, str) else "FP32",
            "shape": [len(rows)],
            "data": [row[name] for row in rows],
            **changes,
        }
        for name, value in rows[0].items()
    ]


def infer(tabular: TestClient, model: str, inputs: list[dict[str, Any]]) -> Response:
    return tabular.post(f"/v2/models/{model}/infer", json={"inputs": inputs})


@pytest.mark.parametrize(
    ("model", "datatypes", "classes"),
    [
        ("iris", dict.fromkeys(COLUMNS, "FP32"), 3),
        (
            "flight-delay",
            {
                "OPERA": "BYTES",
                "MES": "FP32",
                "TIPOVUELO": "BYTES",
                "DIANOM": "BYTES",
                "periodo_dia": "BYTES",
            },
            2,
        ),
    ],
)
def test_a_model_s_metadata_name_its_columns(
    tabular: TestClient, model: str, datatypes: dict[str, str], classes: int
):
    metadata = tabular.get(f"/v2/models/{model}").json()

    assert {each["name"]: each["datatype"] for each in metadata["inputs"]} == datatypes
    assert {tuple(each["shape"]) for each in metadata["inputs"]} == {(-1,)}
    assert metadata["outputs"][0]["shape"] == [-1, classes]
    assert (metadata["name"], metadata["platform"]) == (model, "onnxruntime_onnx")


@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_flowers_are_answered_in_their_order(tabular: TestClient, shape: list[int]):
    setosa = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}

    answer = infer(tabular, "iris", columns([VIRGINICA, setosa], shape=shape)).json()

    probabilities, labels = answer["outputs"]
    assert labels["data"] == ["Iris-virginica", "Iris-setosa"]
    assert probabilities["shape"] == [2, 3]


@pytest.mark.parametrize(
    ("model", "inputs", "words"),
    [
        ("iris", columns([VIRGINICA])[1:], "'sepal_length' is missing"),
        ("iris", columns([VIRGINICA], datatype="BYTES", data=["7"]), "is FP32"),
        ("iris", columns([VIRGINICA], shape=[1, 1, 1]), "[1, 1, 1]"),
        ("iris", columns([VIRGINICA], shape=[]), "shape []"),
        ("iris", columns([VIRGINICA], shape=[0], data=[]), "at least 1 item"),
        ("iris", columns([VIRGINICA] * 1001), "at most 1000"),
        ("iris", columns([VIRGINICA, VIRGINICA | {"petal_width": 31}]), "petal_width[1]: "),
        ("iris", columns([VIRGINICA])[:3] + columns([VIRGINICA] * 2)[3:], "[2], not that"),
        ("flight-delay", columns([FLIGHT])[1:], "'OPERA' is missing"),
        ("flight-delay", columns([FLIGHT], shape=[0], data=[]), "1 to 10,000 flights"),
        ("flight-delay", columns([FLIGHT, FLIGHT | {"OPERA": "Iberi"}]), "OPERA[1]: 'Iberi'"),
        ("flight-delay", columns([FLIGHT | {"OPERA": ""}]), "OPERA[0]: is missing"),
        ("flight-delay", columns([FLIGHT | {"MES": 7.5}]), "MES[0]: '7.5'"),
    ],
)
def test_columns_that_are_not_the_model_s_are_refused(
    tabular: TestClient, model: str, inputs: list[dict[str, Any]], words: str
):
    answer = infer(tabular, model, inputs)

    assert (answer.status_code, [*answer.json()]) == (400, ["error"])
    assert words in answer.json()["error"]


def real(model: str, cloud: Cloud, rows: list[dict[str, Any]]) -> triton.InferResult:
    """The answer to ``rows`` through NVIDIA's client."""
    inputs = []
    for name, value in rows[0].items():
        text = isinstance(value, str)
        values = [row[name] for row in rows]
        inputs.append(triton.InferInput(name, [len(rows)], "BYTES" if text else "FP32"))
        inputs[-1].set_data_from_numpy(np.array(values, object if text else np.float32))
    host = cloud.url.removeprefix("http://")
    with triton.InferenceServerClient(host, network_timeout=120) as client:
        return client.infer(model, inputs)


def test_triton_s_client_gets_the_species_of_a_flower(cloud: Cloud):
    result = real("iris", cloud, [VIRGINICA])
    own = requests.post(f"{cloud.url}/v1/classify", json=VIRGINICA, timeout=120).json()["data"]

    assert result.as_numpy("labels")[0].decode() == own["pred_label"]
    assert result.as_numpy("probabilities").max() == pytest.approx(own["pred_confidence"])


def test_triton_s_client_gets_the_delays_of_flights(cloud: Cloud):
    flights = [
        FLIGHT | {"periodo_dia": "mañana"},
        {"OPERA": "Grupo LATAM", "MES": 7, "TIPOVUELO": "N", "periodo_dia": ""},
    ]
    result = real("flight-delay", cloud, flights)
    body = [{key: value for key, value in flight.items() if value} for flight in flights]
    answer = requests.post(f"{cloud.url}/v1/flights/delay", json=body, timeout=120).json()

    expected = [flight["probability"] for flight in answer["flights"]]
    called = [b"delayed" if flight["response"] else b"on time" for flight in answer["flights"]]
    assert result.as_numpy("probabilities")[:, 1] == pytest.approx(expected, abs=1e-5)
    assert result.as_numpy("labels").tolist() == called
