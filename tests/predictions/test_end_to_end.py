"""Photos that wait, through everything that ``make run`` starts."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from tests.conftest import LIMIT_S, ROOT, Cloud, wait_until
from tests.image_classifier.images import encode
from tests.predictions.parts import JPEG, Parts


@pytest.fixture(scope="module")
def large_photo() -> bytes:
    """A JPEG of some 18 MB, as a camera of 17 megapixels and little compression writes."""
    grain = np.random.default_rng(0).integers(0, 256, (3600, 4800, 3), np.uint8)
    return encode(Image.fromarray(grain), "JPEG", quality=93)


@pytest.fixture
def parts(cloud: Cloud) -> Parts:
    return Parts(cloud)


def test_a_large_photo_is_uploaded_and_answered(parts: Parts, large_photo: bytes):
    assert len(large_photo) > 17_000_000
    prediction_id, form = parts.announce(len(large_photo))

    with parts.visibility(30):  # on a slow machine a delivery may fail
        response = parts.upload(form, large_photo)
        state = parts.finished(prediction_id)

    assert response.status_code == 204
    assert state["status"] == "succeeded"
    assert len(state["prediction"]["predictions"]) == 5


def test_the_readmes_lines_have_a_photo_answered_in_both_ways(parts: Parts, tmp_path: Path):
    text = (ROOT / "README.md").read_text().partition("photo answered later")[2]
    lines = re.findall(r"^    (.*)$", text, flags=re.MULTILINE)[:4]
    script = "\n".join(lines).replace("http://127.0.0.1:8000", parts.cloud.url)
    (tmp_path / "photo.jpg").write_bytes(encode(Image.new("RGB", (64, 64), "red"), "JPEG"))

    shell = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert '"status":' in shell.stdout
    assert " 204 " in shell.stdout
    for file, path in (("later.json", ["id"]), ("upload.json", ["prediction", "id"])):
        answer = json.loads((tmp_path / file).read_text())
        for name in path:
            answer = answer[name]
        assert parts.finished(answer)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("photo", "fields"),
    [
        (b"x" * 999, {}),
        (b"x" * 1001, {}),
        (b"x" * 1000, {"Content-Type": "image/png"}),
        (b"x" * 1000, {"key": "uploads/another"}),
    ],
    ids=["shorter", "longer", "another type", "another key"],
)
def test_the_bucket_refuses_what_was_not_announced(
    parts: Parts, photo: bytes, fields: dict[str, str]
):
    prediction_id, form = parts.announce(1000)

    assert parts.upload(form, photo, **fields).status_code in {400, 403}
    assert parts.state(prediction_id)["status"] == "awaiting_upload"


def test_answers_later_what_it_answers_at_once(parts: Parts, labelled_photos: Path):
    photos = [file.read_bytes() for file in sorted(labelled_photos.glob("*.JPEG"))]
    assert len(photos) == 40
    ids = [parts.post(photo).json()["id"] for photo in photos]

    for photo, prediction_id in zip(photos, ids, strict=True):
        at_once = requests.post(
            f"{parts.cloud.url}/v1/predict", data=photo, headers=JPEG, timeout=LIMIT_S
        )
        wait_until(lambda each=prediction_id: parts.state(each)["status"] == "succeeded")
        later = requests.get(f"{parts.cloud.url}/v1/predictions/{prediction_id}", timeout=LIMIT_S)
        _, _, answer = at_once.text.partition('"model"')
        assert answer in later.text
        receipt = later.json()["prediction"]["prediction_id"]
        feedback = {"prediction_id": receipt, "correct": True}
        url = f"{parts.cloud.url}/v1/feedback"
        assert requests.post(url, json=feedback, timeout=LIMIT_S).status_code == 201
