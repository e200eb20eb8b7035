"""The Open Inference Protocol's forms, and what it refuses, in-process with a fake model."""

import base64
import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from front_doors.infer_request import HEADER_LENGTH
from tests.classifier_fakes import CLASSES, RecordingTelemetry
from tests.image_classifier.bombs import progressive_jpeg
from tests.image_classifier.images import encode

MODEL = "/v2/models/colours"
VERSION = "0123456789ab"


def as_json(*photos: bytes, **changes: Any) -> dict[str, Any]:
    """An input with ``photos`` in base64."""
    data = [base64.b64encode(photo).decode() for photo in photos]
    return {"name": "image", "datatype": "BYTES", "shape": [len(photos)], "data": data, **changes}


def pixels(*shape: int, value: object = 7, **changes: Any) -> dict[str, Any]:
    """An input of ``shape``, each of its numbers ``value``."""
    data = [value] * int(np.prod(shape))
    return {"name": "image", "datatype": "FP32", "shape": [*shape], "data": data, **changes}


def infer(doors: TestClient, *inputs: dict[str, Any], **rest: Any) -> Response:
    return doors.post(f"{MODEL}/infer", json={"inputs": [*inputs], **rest})


def send(doors: TestClient, source: dict[str, Any], data: bytes, length: str = "") -> Response:
    """A request in the binary extension."""
    header = json.dumps({"inputs": [source]}).encode()
    headers = {HEADER_LENGTH: length or str(len(header))}
    return doors.post(f"{MODEL}/infer", content=header + data, headers=headers)


def behind(datatype: str, size: int, *shape: int) -> dict[str, Any]:
    """An input whose data stand behind the JSON."""
    parameters = {"binary_data_size": size}
    return {"name": "image", "datatype": datatype, "shape": [*shape], "parameters": parameters}


def outputs(answer: Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {output["name"]: output for output in answer.json()["outputs"]}


def elements(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


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

    batch = outputs(infer(doors, as_json(*photos)))

    rows = np.reshape(batch["probabilities"]["data"], (3, CLASSES))
    for row, label, each in zip(rows, batch["labels"]["data"], photos, strict=True):
        alone = api.post("/v1/predict", content=each, headers={"content-type": "image/png"})
        best = alone.json()["predictions"][0]
        assert (label, row.max()) == (best["label"], pytest.approx(best["score"], abs=1e-6))
    assert telemetry.requests[0].measures["photos"] == 3


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


@pytest.mark.parametrize(
    "path", ["/v2/models/nobody", "/v2/models/nobody/ready", f"{MODEL}/versions/2", "/v2/nothing"]
)
def test_what_is_not_there_is_404(doors: TestClient, path: str):
    answer = doors.get(path)

    assert (answer.status_code, [*answer.json()]) == (404, ["error"])


def test_an_unknown_model_infers_nothing(doors: TestClient, photo: bytes):
    answer = doors.post("/v2/models/nobody/infer", json={"inputs": [as_json(photo)]})

    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no model 'nobody' here; there is colours."}


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        (as_json(), 400, "0 photos"),
        (as_json(*[b"x"] * 17), 400, "17 photos"),
        (as_json(b"x", datatype="INT64"), 422, "datatype"),
        (as_json(b"x", shape=[2]), 400, "1 elements"),
        (as_json(b"x", shape=[1, 1, 1]), 400, "shape [n]"),
        (as_json(b"x", shape=[-1]), 422, "shape"),
        (as_json(b"x", shape=[2**63]), 422, "shape"),
        (as_json(b"x", shape=[2**62, 2**62, 2**62]), 400, "elements"),
        (as_json(b"x", shape=[1.0]), 422, "shape"),
        (as_json(b"x", shape=[1] * 99), 422, "shape"),
        (as_json(b"x", data=["%%%"]), 400, "image[0]"),
        (as_json(b"x", data=[7]), 400, "not BYTES"),
        (as_json(b"x", data=None), 400, "either data or"),
        (as_json(b"x", name="input"), 400, "only image"),
        (as_json(b"x", parameters={"binary_data_size": -1}), 422, "binary_data_size"),
        (pixels(1, 0, 2, 3), 400, "photo 0"),
        (pixels(0, 2, 2, 3), 400, "0 photos"),
        (pixels(17, 1, 1, 3), 400, "17 photos"),
        (pixels(2, 2, 3), 400, "height"),
        (pixels(1, 2, 2, 4), 400, "photo 0"),
        (pixels(1, 1, 1, 3, value=256), 400, "0 to 255"),
        (pixels(1, 1, 1, 3, value=-1), 400, "0 to 255"),
        (pixels(1, 1, 1, 3, value=10**400), 400, "FP32"),
        (pixels(1, 1, 1, 3, value="7"), 400, "not FP32"),
        (pixels(1, 1, 1, 3, value=True), 400, "not FP32"),
        (pixels(1, 1, 1, 3, data=[[7, 7], 7]), 400, "unevenly"),
        (pixels(1, 1, 70_000, 3), 413, "photo 0"),
    ],
)
def test_a_bad_input_is_refused(doors: TestClient, source: dict[str, Any], status: int, words: str):
    answer = infer(doors, source)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("bad", "status"),
    [(b"words", 415), (b"", 415), (progressive_jpeg(99), 422), (bytes(4_500_001), 413)],
)
def test_one_bad_photo_fails_the_request_with_its_index(
    doors: TestClient, photo: bytes, bad: bytes, status: int
):
    data = elements(photo, bad, photo)
    answer = send(doors, behind("BYTES", len(data), 3), data)

    assert answer.status_code == status
    assert answer.json()["error"].startswith("photo 1: ")


def test_photos_have_together_no_more_pixels_than_one_may_have(doors: TestClient):
    large = encode(Image.new("L", (6000, 6000)), "PNG")

    alone, both = infer(doors, as_json(large)), infer(doors, as_json(large, large))

    assert (alone.status_code, both.status_code) == (200, 413)
    assert both.json()["error"].startswith("photo 1: ")


@pytest.mark.parametrize(
    ("source", "data", "length", "words"),
    [
        (behind("BYTES", 9, 1), elements(b"photo"), "5", "not a JSON object"),
        (behind("BYTES", 9, 1), elements(b"photo"), "99999", "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "9" * 5000, "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "-1", "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "ten", "no length"),
        (behind("BYTES", 10, 1), elements(b"photo"), "", "more than came"),
        (behind("BYTES", 8, 1), elements(b"photo"), "", "cut off"),
        (behind("BYTES", 2, 1), b"\0\0", "", "cut off"),
        (behind("BYTES", 9, 1), b"\xff\xff\xff\xffphoto", "", "cut off"),
        (behind("BYTES", 9, 1), elements(b"photo") + b"more", "", "4 bytes belong to no input"),
        (behind("BYTES", 9, 2), elements(b"photo"), "", "1 elements"),
        (behind("FP32", 3, 1, 1, 1, 3), b"abc", "", "no FP32"),
        (behind("FP32", 8, 1, 1, 1, 3), bytes(8), "", "2 elements"),
        (behind("FP32", 12, 1, 1, 1, 3), struct.pack("<f", np.nan) * 3, "", "0 to 255"),
    ],
)
def test_lengths_that_do_not_agree_are_refused(
    doors: TestClient, source: dict[str, Any], data: bytes, length: str, words: str
):
    answer = send(doors, source, data, length)

    assert (answer.status_code, [*answer.json()]) == (400, ["error"])
    assert words in answer.json()["error"]


def test_an_input_twice_and_an_unknown_output_are_refused(doors: TestClient, photo: bytes):
    twice = infer(doors, as_json(photo), as_json(photo))
    unknown = infer(doors, as_json(photo), outputs=[{"name": "logits"}])

    assert twice.json() == {"error": "input 'image' is there twice."}
    assert unknown.json() == {"error": "output 'logits': there are only probabilities, labels."}
    assert infer(doors).json() == {"error": "input 'image' is missing."}


@pytest.mark.parametrize(
    "rest",
    [{"outputs": [{"name": "labels"}] * 3}, {"outputs": [{"name": "x" * 101}]}, {"id": "x" * 1001}],
)
def test_an_answer_repeats_nothing_long_and_nothing_often(
    doors: TestClient, photo: bytes, rest: dict[str, Any]
):
    answer = infer(doors, as_json(photo), **rest)

    assert (answer.status_code, [*answer.json()]) == (422, ["error"])
    assert len(answer.content) < 200


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"content": b""}, 400),
        ({"content": b"[" * 100_000}, 400),
        ({"content": b"{}"}, 400),
        ({"content": bytes(6_291_457)}, 413),
        ({"content": b"x", "headers": {"content-encoding": "gzip"}}, 415),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    doors: TestClient, kwargs: dict[str, Any], status: int
):
    answer = doors.post(f"{MODEL}/infer", **kwargs)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])


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


def test_a_wrong_method_is_told_in_the_same_form(doors: TestClient):
    answer = doors.get(f"{MODEL}/infer")

    assert (answer.status_code, [*answer.json()]) == (405, ["error"])
    assert answer.headers["allow"] == "POST"


@given(st.binary(max_size=200), st.one_of(st.none(), st.integers(-1, 210).map(str)))
def test_any_bytes_get_an_error_in_this_form(doors: TestClient, body: bytes, length: str | None):
    headers = {} if length is None else {HEADER_LENGTH: length}
    answer = doors.post(f"{MODEL}/infer", content=body, headers=headers)

    assert answer.status_code in {400, 422}
    assert [*answer.json()] == ["error"]
