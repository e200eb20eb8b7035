"""The Open Inference Protocol's answers, in-process with a fake model."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from front_doors.infer_request import HEADER_LENGTH
from tests.classifier_fakes import CLASSES, RecordingTelemetry
from tests.front_doors.calls import (
    MODEL,
    VERSION,
    as_json,
    behind,
    elements,
    infer,
    outputs,
    pixels,
    send,
)
from tests.image_classifier.images import encode


def test_the_server_s_metadata_have_every_required_field(doors: TestClient):
    server = doors.get("/v2").json()

    assert server == {
        "name": "image-classifier",
        "version": "1",
        "extensions": ["binary_tensor_data", "classification"],
    }
    assert doors.get("/v2/health/live").json()["live"] is True
    assert doors.get("/v2/health/ready").json()["live"] is True
    assert doors.get("/v2/health/ready").json()["ready"] is True


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/{VERSION}"])
def test_the_model_s_metadata_have_every_required_field(doors: TestClient, path: str):
    assert doors.get(path).json() == {
        "name": "colours",
        "versions": [VERSION],
        "platform": "litert_tflite",
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, CLASSES]},
            {"name": "labels", "datatype": "BYTES", "shape": [-1]},
        ],
    }
    assert doors.get(f"{path}/ready").json() == {"name": "colours", "ready": True}


def test_an_inference_has_every_required_field(doors: TestClient, photo: bytes):
    answer = infer(doors, as_json(photo), id="42").json()

    probabilities, labels = answer.pop("outputs")
    assert answer == {"model_name": "colours", "model_version": VERSION, "id": "42"}
    assert sum(probabilities.pop("data")) == pytest.approx(1)
    assert probabilities == {"name": "probabilities", "datatype": "FP32", "shape": [1, CLASSES]}
    assert labels.pop("data")[0].startswith("colour ")
    assert labels == {"name": "labels", "datatype": "BYTES", "shape": [1]}


def test_a_batch_is_answered_in_its_order_as_each_photo_alone(
    doors: TestClient, api: TestClient, photo: bytes, telemetry: RecordingTelemetry
):
    photos = [photo, encode(Image.new("RGB", (300, 200), "red"), "JPEG"), photo]
    telemetry.requests.clear()

    batch = outputs(infer(doors, as_json(*photos)))

    rows = np.reshape(batch["probabilities"]["data"], (3, CLASSES))
    for row, label, each in zip(rows, batch["labels"]["data"], photos, strict=True):
        answer = api.post("/v1/predict", content=each, headers={"content-type": "image/png"})
        best = answer.json()["predictions"][0]
        assert (label, row.max()) == (best["label"], pytest.approx(best["score"], abs=1e-6))
    together, *alone = telemetry.requests
    assert together.measures["photos"] == 3
    assert together.ratios["entropy"] == [entropy for r in alone for entropy in r.ratios["entropy"]]


def test_photos_come_as_they_are_behind_the_json(doors: TestClient, photo: bytes):
    data = elements(photo, photo)

    binary = outputs(send(doors, behind("BYTES", len(data), 2), data))

    assert binary == outputs(infer(doors, as_json(photo, photo)))


@pytest.mark.parametrize("size", [(224, 224), (640, 480), (100, 300)])
def test_pixels_are_answered_as_a_photo_of_that_size(
    doors: TestClient, photo: bytes, size: tuple[int, int]
):
    image = Image.open(io.BytesIO(photo)).convert("RGB").resize(size)
    data = np.asarray(image, "<f4").tobytes()

    as_pixels = outputs(send(doors, behind("FP32", len(data), 1, size[1], size[0], 3), data))

    assert as_pixels == outputs(infer(doors, as_json(encode(image, "PNG"))))


def test_pixels_in_json_may_be_nested_or_flat(doors: TestClient):
    flat = infer(doors, pixels(1, 2, 2, 3))
    nested = infer(doors, pixels(1, 2, 2, 3, data=[[[[7, 7.0, 7]] * 2] * 2]))

    assert outputs(flat) == outputs(nested)


@pytest.mark.parametrize("name", ["labels", "probabilities"])
def test_a_classification_is_the_likeliest_as_triton_writes_them(
    doors: TestClient, photo: bytes, name: str
):
    asked = {"name": name, "parameters": {"classification": 3}}
    answer = outputs(infer(doors, as_json(photo), outputs=[asked]))
    probabilities = outputs(infer(doors, as_json(photo)))["probabilities"]["data"]

    best = sorted(range(CLASSES), key=lambda index: -probabilities[index])[:3]
    expected = [f"{probabilities[index]:.6f}:{index}:colour {index}" for index in best]
    assert answer == {name: {"name": name, "datatype": "BYTES", "shape": [1, 3], "data": expected}}


def test_outputs_are_binary_where_that_is_asked_for(doors: TestClient, photo: bytes):
    asked = [{"name": "labels"}, {"name": "probabilities", "parameters": {"binary_data": False}}]
    answer = infer(doors, as_json(photo), outputs=asked, parameters={"binary_data_output": True})

    length = int(answer.headers[HEADER_LENGTH])
    labels, probabilities = json.loads(answer.content[:length])["outputs"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert labels["parameters"] == {"binary_data_size": len(answer.content) - length}
    assert answer.content[length + 4 :].startswith(b"colour ")
    assert len(probabilities["data"]) == CLASSES


def test_every_route_of_the_doors_is_documented(doors: TestClient):
    described = doors.get("/openapi.json").json()

    model = "/v2/models/{name}"
    of_version = f"{model}/versions/{{version}}"
    assert set(described["paths"]) == {
        *("/v2", "/v2/health/live", "/v2/health/ready"),
        *(path + end for path in (model, of_version) for end in ("", "/ready", "/infer")),
        *("/v1/models/{name}", "/v1/models/{name}/metadata"),
        *("/v1/models/{name}:predict", "/v1/models/{name}:classify", "/models/{name}"),
    }
    bodies = [operation["post"] for operation in described["paths"].values() if "post" in operation]
    assert len(bodies) == 5
    assert all("requestBody" in body for body in bodies)
