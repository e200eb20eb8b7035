"""Hugging Face's inference: what it takes and refuses, and its own client on the whole service."""

import base64
import csv
from pathlib import Path
from typing import Any

import pytest
import requests
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from PIL import Image
from starlette.testclient import TestClient

from tests.classifier_fakes import CLASSES
from tests.conftest import Cloud
from tests.image_classifier.images import encode

MODEL = "/models/colours"


def b64(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def test_a_photo_is_answered_alike_however_it_is_sent(
    doors: TestClient, api: TestClient, photo: bytes
):
    answers = [
        doors.post(MODEL, content=photo, headers={"content-type": "image/png"}),
        doors.post(MODEL, content=photo),
        doors.post(MODEL, json={"inputs": b64(photo)}),
        doors.post(MODEL, json={"inputs": b64(photo), "parameters": {"top_k": 5}}),
        doors.post(MODEL, json={"inputs": b64(photo), "parameters": {"function_to_apply": "none"}}),
    ]
    best = api.post("/v1/predict", content=photo, headers={"content-type": "image/png"}).json()

    expected = [{"label": each["label"], "score": each["score"]} for each in best["predictions"]]
    assert [answer.json() for answer in answers] == [expected] * len(answers)


@pytest.mark.parametrize(("top_k", "count"), [(1, 1), (CLASSES, CLASSES), (10**9, CLASSES)])
def test_more_classes_than_there_are_are_all(
    doors: TestClient, photo: bytes, top_k: int, count: int
):
    answer = doors.post(MODEL, json={"inputs": b64(photo), "parameters": {"top_k": top_k}})

    assert len(answer.json()) == count


def test_a_list_is_answered_in_its_order(doors: TestClient, photo: bytes):
    red = encode(Image.new("RGB", (300, 200), "red"), "PNG")

    answer = doors.post(MODEL, json={"inputs": [b64(photo), b64(red)]}).json()

    assert answer == [doors.post(MODEL, content=each).json() for each in (photo, red)]


def test_an_unknown_model_is_404(doors: TestClient, photo: bytes):
    answer = doors.post("/models/google/vit-base-patch16-224", content=photo)

    assert answer.status_code == 404
    assert answer.json()["error"].startswith("Model google/vit-base-patch16-224 does not exist")
    assert doors.get(MODEL).status_code == 405


@pytest.mark.parametrize(
    ("kwargs", "status", "words"),
    [
        ({"content": b""}, 400, "no body"),
        ({"content": b"words"}, 415, "photo 0: "),
        ({"content": b"{"}, 400, "JSON"),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 400, "JSON"),
        ({"json": {}}, 400, "inputs"),
        ({"json": {"inputs": 7}}, 422, "inputs"),
        ({"json": {"inputs": "%%%"}}, 400, "inputs[0]"),
        ({"json": {"inputs": []}}, 400, "0 photos"),
        ({"json": {"inputs": [b64(b"x")] * 17}}, 400, "17 photos"),
        ({"json": {"inputs": b64(b"words")}}, 415, "photo 0: "),
        ({"json": {"inputs": "", "parameters": {"top_k": 0}}}, 422, "top_k"),
        ({"json": {"inputs": "", "parameters": {"function_to_apply": "sigmoid"}}}, 422, "sigmoid"),
        ({"json": {"inputs": "", "parameters": {"function_to_apply": "tanh"}}}, 422, "function"),
    ],
)
def test_what_is_no_photo_or_parameter_is_refused(
    doors: TestClient, kwargs: dict[str, Any], status: int, words: str
):
    answer = doors.post(MODEL, **kwargs)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])
    assert words in answer.json()["error"]


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> InferenceClient:
    return InferenceClient(f"{cloud.url}/models/efficientnet-lite0", timeout=120)


def test_its_client_answers_as_predict_does(
    cloud: Cloud, client: InferenceClient, labelled_photos: Path
):
    with (labelled_photos / "labels.csv").open() as file:
        photos = [labelled_photos / row["file"] for row in csv.DictReader(file)][:10]
    for photo in photos:
        predicted = requests.post(
            *(f"{cloud.url}/v1/predict", photo.read_bytes()),
            headers={"content-type": "image/jpeg"},
            timeout=120,
        ).json()["predictions"]

        by_path = client.image_classification(photo)
        by_bytes = client.image_classification(photo.read_bytes())
        three = client.image_classification(photo, top_k=3, function_to_apply="softmax")

        expected = [(each["label"], each["score"]) for each in predicted]
        assert [(each.label, each.score) for each in by_path] == expected
        assert [(each.label, each.score) for each in by_bytes] == expected
        assert [(each.label, each.score) for each in three] == expected[:3]


def test_its_client_reads_errors(cloud: Cloud, client: InferenceClient):
    with pytest.raises(HfHubHTTPError, match="photo 0: ") as refused:
        client.image_classification(b"words")
    with pytest.raises(HfHubHTTPError, match="does not exist") as unknown:
        InferenceClient(f"{cloud.url}/models/nobody").image_classification(b"words")

    assert refused.value.response.status_code == 415
    assert unknown.value.response.status_code == 404
