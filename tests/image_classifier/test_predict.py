"""The contract of POST /v1/predict, in-process and with a fake model."""

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from serving.image_body import MAX_IMAGE_BYTES
from serving.receipts import ReceiptBook
from tests.classifier_fakes import CLASSES, RECEIPT_KEY, RecordingTelemetry
from tests.image_classifier.bombs import progressive_jpeg
from tests.image_classifier.images import encode, png_bomb

JPEG = {"content-type": "image/jpeg"}


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_answers_alike_however_the_photo_is_sent(api: TestClient, photo: bytes):
    answers = [
        api.post("/v1/predict", content=photo, headers={"content-type": "image/png"}),
        api.post(
            "/v1/predict", content=photo, headers={"content-type": "application/octet-stream"}
        ),
        api.post("/v1/predict", files={"file": ("cat.png", photo)}),
        api.post("/v1/predict", json={"image": as_base64(photo)}),
        api.post("/v1/predict", json={"image": "data:image/png;base64," + as_base64(photo)}),
        api.post("/v1/predict", json={"image": base64.encodebytes(photo).decode()}),
    ]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len({answer.text.partition('"predictions"')[2] for answer in answers}) == 1


def test_ranks_five_classes_unless_told_otherwise(api: TestClient, photo: bytes):
    predictions = api.post("/v1/predict", content=photo, headers=JPEG).json()["predictions"]

    scores = [prediction["score"] for prediction in predictions]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("top_k", [1, CLASSES])
def test_ranks_as_many_classes_as_asked(api: TestClient, photo: bytes, top_k: int):
    answer = api.post(f"/v1/predict?top_k={top_k}", content=photo, headers=JPEG).json()

    assert len(answer["predictions"]) == top_k


def test_all_probabilities_sum_to_one(api: TestClient, photo: bytes):
    answer = api.post(f"/v1/predict?top_k={CLASSES}", content=photo, headers=JPEG).json()

    assert sum(p["score"] for p in answer["predictions"]) == pytest.approx(1, abs=1e-5)


def test_the_prediction_id_is_a_receipt_for_this_answer(api: TestClient, photo: bytes):
    answer = api.post("/v1/predict", content=photo, headers=JPEG).json()

    receipt = ReceiptBook(RECEIPT_KEY).verify(answer["prediction_id"])
    best = answer["predictions"][0]
    assert (receipt.label, receipt.label_id, receipt.score) == tuple(best.values())
    assert receipt.model_version == answer["model"]["version"]


@pytest.mark.parametrize(("above", "sure"), [(0.0, True), (-0.1, True), (1e-6, False)])
def test_an_answer_is_sure_from_the_models_threshold_on(
    build_app: Callable[..., ASGIApp], api: TestClient, photo: bytes, above: float, *, sure: bool
):
    unknown = api.post("/v1/predict", content=photo, headers=JPEG).json()
    score = unknown["predictions"][0]["score"]
    calibrated = TestClient(build_app(threshold=score + above))

    answer = calibrated.post("/v1/predict?top_k=1", content=photo, headers=JPEG).json()

    assert unknown["sure"] is None
    assert answer["sure"] is sure
    assert ReceiptBook(RECEIPT_KEY).verify(answer["prediction_id"]).sure is sure


def test_tells_what_each_step_took(api: TestClient, photo: bytes):
    answer = api.post("/v1/predict", content=photo, headers=JPEG)

    assert answer.headers["server-timing"] == "decode;dur=1.0, preprocess;dur=1.0, infer;dur=1.0"


@pytest.mark.parametrize(
    ("kwargs", "status", "code"),
    [
        ({"content": b"", "headers": JPEG}, 400, "empty_body"),
        ({"content": b"", "headers": {"content-type": "application/json"}}, 400, "empty_body"),
        ({"content": b"words", "headers": JPEG}, 415, "unsupported_image_format"),
        ({"content": b"<svg/>", "headers": JPEG}, 415, "unsupported_image_format"),
        ({"content": png_bomb(), "headers": JPEG}, 413, "too_many_pixels"),
        ({"content": bytes(4_600_000), "headers": JPEG}, 413, "image_too_large"),
        ({"content": progressive_jpeg(99), "headers": JPEG}, 422, "image_too_complex"),
        (
            {"content": b"x", "headers": {"content-type": "text/plain"}},
            415,
            "unsupported_content_type",
        ),
        ({"content": b"x"}, 415, "unsupported_content_type"),
        ({"data": {"other": "1"}, "files": {"photo": b"x"}}, 400, "missing_field"),
        ({"files": {"file": b""}}, 400, "empty_body"),
        ({"json": {"picture": "x"}}, 400, "missing_field"),
        ({"json": ["x"]}, 400, "invalid_json"),
        ({"json": {"image": 7}}, 422, "invalid_parameter"),
        ({"json": {"image": "%%%"}}, 400, "invalid_base64"),
        ({"json": {"image": "é"}}, 400, "invalid_base64"),
        ({"json": {"image": ""}}, 400, "empty_body"),
        (
            {"content": b"{", "headers": {"content-type": "application/json"}},
            400,
            "invalid_json",
        ),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            400,
            "invalid_form",
        ),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            400,
            "invalid_form",
        ),
    ],
)
def test_refuses_a_bad_upload_with_its_code(
    api: TestClient, photo: bytes, kwargs: dict, status: int, code: str
):
    answer = api.post("/v1/predict", **kwargs)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.post("/v1/predict", content=photo, headers=JPEG).status_code == 200


def test_takes_an_image_of_exactly_the_limit(api: TestClient):
    bitmap = encode(Image.new("RGB", (1000, 1000)), "BMP")
    padded = bitmap + bytes(MAX_IMAGE_BYTES - len(bitmap))

    assert api.post("/v1/predict", content=padded, headers=JPEG).status_code == 200
    assert api.post("/v1/predict", content=padded + b"\0", headers=JPEG).status_code == 413


@pytest.mark.parametrize("top_k", ["0", "abc", "-1", str(CLASSES + 1), "", "1.5", "9" * 400])
def test_refuses_a_bad_top_k(api: TestClient, photo: bytes, top_k: str):
    answer = api.post(f"/v1/predict?top_k={top_k}", content=photo, headers=JPEG)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert "top_k" in answer.json()["detail"]


def test_an_exif_rotated_photo_ranks_as_the_upright_one(api: TestClient, photo: bytes):
    upright = Image.open(io.BytesIO(photo))
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = encode(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)

    answers = [api.post("/v1/predict", content=data, headers=JPEG) for data in (photo, rotated)]

    assert answers[0].json()["predictions"] == answers[1].json()["predictions"]


def test_a_crash_is_told_without_its_reason_and_the_next_request_works(
    build_app: Callable[..., ASGIApp], telemetry: RecordingTelemetry, photo: bytes
):
    healthy = np.full(CLASSES, 1 / CLASSES, dtype=np.float32)
    outcomes = iter([RuntimeError("secret"), healthy])

    def infer(_image: np.ndarray) -> np.ndarray:
        if isinstance(outcome := next(outcomes), Exception):
            raise outcome
        return outcome

    with TestClient(build_app(infer)) as api:
        crashed = api.post("/v1/predict", content=photo, headers=JPEG)
        following = api.post("/v1/predict", content=photo, headers=JPEG)

    assert (crashed.status_code, crashed.json()["code"]) == (500, "internal_error")
    assert "secret" not in crashed.text
    assert [str(error) for error in telemetry.crashes] == ["secret"]
    assert [record.status for record in telemetry.requests] == [500, 200]
    assert following.status_code == 200


@given(
    st.binary(max_size=300),
    st.sampled_from(
        ["image/png", "application/json", "multipart/form-data; boundary=x", "a/b", ""]
    ),
)
def test_any_bytes_get_an_answer_with_a_code(api: TestClient, body: bytes, content_type: str):
    answer = api.post("/v1/predict", content=body, headers={"content-type": content_type})

    assert answer.status_code in {400, 413, 415, 422}
    assert answer.json()["code"]
