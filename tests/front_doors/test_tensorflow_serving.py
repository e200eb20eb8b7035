"""TensorFlow Serving's REST API: its published examples, its messages, and what it refuses."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from tests.classifier_fakes import CLASSES
from tests.conftest import Cloud
from tests.image_classifier.images import encode

MODEL = "/v1/models/colours"
VERSION = str(0x0123456789AB)
REAL = "efficientnet-lite0"


def b64(photo: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(photo).decode()}


def test_the_status_is_the_published_one(doors: TestClient):
    # api_rest.md, "Make REST API calls to ModelServer", with this model's version
    assert doors.get(MODEL).json() == {
        "model_version_status": [
            {
                "version": VERSION,
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_the_metadata_hold_a_signature_that_protobuf_reads(doors: TestClient):
    answer = doors.get(f"{MODEL}/metadata").json()

    definitions = answer["metadata"]["signature_def"]["signature_def"]
    signature = ParseDict(definitions["serving_default"], meta_graph_pb2.SignatureDef())
    image, probabilities = signature.inputs["image"], signature.outputs["probabilities"]
    assert answer["model_spec"] == {"name": "colours", "signature_name": "", "version": VERSION}
    assert signature.method_name == "tensorflow/serving/predict"
    assert (image.dtype, probabilities.dtype) == (types_pb2.DT_STRING, types_pb2.DT_FLOAT)
    assert [dim.size for dim in image.tensor_shape.dim] == [-1]
    assert [dim.size for dim in probabilities.tensor_shape.dim] == [-1, CLASSES]


def test_predictions_and_results_are_in_order_and_as_predict_answers(
    doors: TestClient, api: TestClient, photo: bytes
):
    photos = [photo, encode(Image.new("RGB", (300, 200), "red"), "PNG")]
    body = {"signature_name": "serving_default", "instances": [b64(each) for each in photos]}

    predicted = doors.post(f"{MODEL}:predict", json=body).json()
    classified = doors.post(f"{MODEL}:classify", json=body).json()

    assert ([*predicted], [*classified]) == (["predictions"], ["results"])
    rows = zip(photos, predicted["predictions"], classified["results"], strict=True)
    for each, probabilities, pairs in rows:
        answer = api.post("/v1/predict", content=each, headers={"content-type": "image/png"})
        best = answer.json()["predictions"]
        assert pairs == [[prediction["label"], prediction["score"]] for prediction in best]
        assert max(probabilities) == pytest.approx(best[0]["score"], abs=1e-6)
        assert len(probabilities) == CLASSES


@pytest.mark.parametrize("method", ["predict", "classify"])
def test_a_named_input_examples_and_pixels_are_the_same(
    doors: TestClient, photo: bytes, method: str
):
    small = Image.open(io.BytesIO(photo)).convert("RGB").resize((40, 30))
    file, pixels = b64(encode(small, "PNG")), np.asarray(small).tolist()
    bodies = [
        {"instances": [file]},
        {"instances": [{"image": file}]},
        {"examples": [{"image": file}]},
        {"instances": [pixels]},
        {"instances": [{"image": pixels}]},
    ]

    answers = [doors.post(f"{MODEL}:{method}", json=body).json() for body in bodies]

    assert answers == [answers[0]] * len(answers)
    assert [*answers[0]] != ["error"]


def test_an_unknown_model_is_told_as_published(doors: TestClient):
    for answer in (
        doors.post("/v1/models/half:predict", json={"instances": [1.0, 5.0]}),
        doors.post("/v1/models/half:classify", json={}),
        doors.get("/v1/models/half"),
        doors.get("/v1/models/half/metadata"),
    ):
        assert answer.status_code == 404
        assert answer.json() == {"error": "Servable not found for request: Latest(half)"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"instances": []}, 400, "0 photos"),
        ({"instances": [b64(b"x")] * 17}, 400, "17 photos"),
        ({"instances": "image"}, 422, "instances"),
        ({"inputs": []}, 400, "instances"),
        ({"instances": [1.0, 2.0]}, 400, "instances[0]"),
        ({"instances": [{"b64": 7}]}, 400, "instances[0]"),
        ({"instances": [{"b64": "%%%"}]}, 400, "instances[0].b64"),
        ({"instances": [{"b64": "", "caption": "seaside"}]}, 400, "instances[0]"),
        ({"instances": [b64(b"words")]}, 415, "photo 0: "),
        ({"instances": [[]]}, 400, "photo 0: "),
        ({"instances": [[[]]]}, 400, "photo 0: "),
        ({"instances": [[[1, 2, 3]]]}, 400, "instances[0]"),
        ({"instances": [[[[1, 2, 3, 4]]]]}, 400, "instances[0]"),
        ({"instances": [[[["1", "2", "3"]]]]}, 400, "instances[0]"),
        ({"instances": [[[[1, 2, 3]], [[1, 2, 3], [1, 2, 3]]]]}, 400, "instances[0]"),
        ({"instances": [[[[10**400, 2, 3]]]]}, 400, "instances[0]"),
        ({"instances": [[[[1e300, 2, 3]]]]}, 400, "photo 0: "),
        ({"instances": [[[[-1, 2, 3]]]]}, 400, "photo 0: "),
        ({"instances": [b64(b"x")], "signature_name": "other"}, 400, 'name: "other" not found'),
    ],
)
@pytest.mark.parametrize("method", ["predict", "classify"])
def test_bad_instances_are_refused(
    doors: TestClient, body: dict[str, Any], status: int, words: str, method: str
):
    answer = doors.post(f"{MODEL}:{method}", json=body)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])
    assert words in answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 9999, b'{"instances": [NaN]}'])
def test_a_body_that_is_no_request_is_refused(doors: TestClient, body: bytes):
    answer = doors.post(f"{MODEL}:predict", content=body)

    assert (answer.status_code, [*answer.json()]) == (400, ["error"])


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["b64", "image"]), inner),
)


@given(st.lists(JSON, max_size=3))
def test_any_instances_get_an_answer_or_an_error(doors: TestClient, instances: list[Any]):
    body = json.dumps(
        {"instances": instances}
    )  # with NaN and Infinity, as TensorFlow Serving takes
    answer = doors.post(f"{MODEL}:predict", content=body)

    assert answer.status_code in {200, 400, 413, 415, 422}
    assert [*answer.json()] in (["predictions"], ["error"])


def test_real_photos_are_answered_as_predict_answers_them(cloud: Cloud, labelled_photos: Path):
    files = sorted(labelled_photos.glob("*.JPEG"), key=lambda path: path.stat().st_size)[:16]
    photos = [file.read_bytes() for file in files]
    url = f"{cloud.url}/v1/models/{REAL}:classify"
    body = {"instances": [b64(photo) for photo in photos]}

    # as curl -d sends it
    form = {"content-type": "application/x-www-form-urlencoded"}
    answers = [
        requests.post(url, json=body, timeout=120),
        requests.post(url, data=json.dumps(body), headers=form, timeout=120),
    ]

    for answer in answers:
        for pairs, photo in zip(answer.json()["results"], photos, strict=True):
            alone = requests.post(
                *(f"{cloud.url}/v1/predict", photo),
                headers={"content-type": "image/jpeg"},
                timeout=120,
            )
            best = alone.json()["predictions"]
            assert pairs == [[each["label"], each["score"]] for each in best]


def test_the_tabular_models_keep_their_own_description(cloud: Cloud):
    iris = requests.get(f"{cloud.url}/v1/models/iris", timeout=120).json()
    status = requests.get(f"{cloud.url}/v1/models/{REAL}", timeout=120).json()

    assert iris["classes"]
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
