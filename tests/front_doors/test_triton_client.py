"""NVIDIA's own client of the Open Inference Protocol, against the whole service."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from PIL import Image
from tritonclient.utils import InferenceServerException

from tests.conftest import Cloud

MODEL = "efficientnet-lite0"
BATCH = 16


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Iterator[triton.InferenceServerClient]:
    host = cloud.url.removeprefix("http://")
    with triton.InferenceServerClient(host, network_timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def photos(labelled_photos: Path) -> list[bytes]:
    """The smallest labelled ones, which fit into a request together."""
    with (labelled_photos / "labels.csv").open() as file:
        files = [(labelled_photos / row["file"]).read_bytes() for row in csv.DictReader(file)]
    return sorted(files, key=len)[:BATCH]


def predict(cloud: Cloud, photo: bytes) -> list[dict]:
    headers = {"content-type": "image/jpeg"}
    url = f"{cloud.url}/v1/predict?top_k=1000"
    answer = requests.post(url, data=photo, headers=headers, timeout=120)
    return answer.json()["predictions"]


def as_input(photos: list[bytes]) -> triton.InferInput:
    tensor = triton.InferInput("image", [len(photos)], "BYTES")
    return tensor.set_data_from_numpy(np.array(photos, dtype=object))


def test_sees_a_server_and_a_model_that_are_ready(client: triton.InferenceServerClient):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    version = client.get_model_metadata(MODEL)["versions"][0]
    assert client.is_model_ready(MODEL, version)


def test_a_batch_is_answered_in_order_as_predict_answers_each(
    cloud: Cloud, client: triton.InferenceServerClient, photos: list[bytes]
):
    result = client.infer(MODEL, [as_input(photos)], request_id="42")

    probabilities, labels = result.as_numpy("probabilities"), result.as_numpy("labels")
    assert probabilities.shape == (len(photos), 1000)
    assert result.get_response()["id"] == "42"
    for row, label, photo in zip(probabilities, labels, photos, strict=True):
        predictions = predict(cloud, photo)
        scores = [prediction["score"] for prediction in predictions]
        assert label.decode() == predictions[0]["label"]
        assert np.sort(row)[::-1] == pytest.approx(scores, abs=1e-6)


def test_a_classification_names_the_same_five(
    cloud: Cloud, client: triton.InferenceServerClient, photos: list[bytes]
):
    asked = triton.InferRequestedOutput("labels", class_count=5)
    result = client.infer(MODEL, [as_input(photos[:1])], outputs=[asked])

    (row,) = result.as_numpy("labels")
    named = [(element.decode().split(":")[2], float(element.split(b":")[0])) for element in row]
    expected = [(each["label"], each["score"]) for each in predict(cloud, photos[0])[:5]]
    assert named == expected


def test_pixels_are_answered_as_the_photo_of_that_size(
    cloud: Cloud, client: triton.InferenceServerClient, labelled_photos: Path, tmp_path: Path
):
    file = min(labelled_photos.glob("*.JPEG"), key=lambda path: path.stat().st_size)
    image = Image.open(file).convert("RGB").resize((320, 240))
    image.save(tmp_path / "photo.png")
    tensor = triton.InferInput("image", [1, 240, 320, 3], "FP32")
    tensor.set_data_from_numpy(np.asarray(image, np.float32)[np.newaxis])

    best = client.infer(MODEL, [tensor]).as_numpy("labels")[0].decode()

    assert best == predict(cloud, (tmp_path / "photo.png").read_bytes())[0]["label"]


def test_gets_errors_as_its_own(client: triton.InferenceServerClient, photos: list[bytes]):
    with pytest.raises(InferenceServerException, match="photo 1: ") as bad:
        client.infer(MODEL, [as_input([photos[0], b"words"])])
    with pytest.raises(InferenceServerException, match="no model 'resnet'") as unknown:
        client.infer("resnet", [as_input(photos[:1])])

    assert (bad.value.status(), unknown.value.status()) == ("415", "404")
