"""A message of the queue is answered as predict answers; AWS is moto's."""

import json

import pytest
from starlette.testclient import TestClient

from prediction_store.record import MAX_UPLOAD_BYTES, Status
from predictions.routes import create_router
from serving.api import create_app
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import CLASSES, RecordingTelemetry
from tests.image_classifier.images import png_bomb
from tests.image_classifier.queue_worker import Worker
from tests.prediction_fakes import Clock, an_id


def test_answers_exactly_as_predict_does(
    worker: Worker, api: TestClient, clock: Clock, photo: bytes
):
    worker.queue(photo, top_k=CLASSES)
    router = create_router(worker.account.table, worker.account.photos, an_id, clock)
    environment = ServingEnvironment("e", "on-demand")
    later = TestClient(create_app("Test", "/v1", router, environment, RecordingTelemetry()))

    worker.deliver()

    at_once = api.post(f"/v1/predict?top_k={CLASSES}", files={"file": photo})
    state = later.get(f"/v1/predictions/{an_id()}")
    _, _, tail = at_once.text.partition('"model"')
    assert state.json()["status"] == "succeeded"
    assert tail in state.text
    assert set(state.json()["prediction"]) == set(at_once.json())
    assert worker.notifications == [(an_id(), Status.SUCCEEDED)]
    assert not worker.account.keys()
    assert worker.record.measures["image_bytes"] == len(photo)
    assert worker.record.ratios["top_score"] == [
        state.json()["prediction"]["predictions"][0]["score"]
    ]


def test_ranks_five_classes_unless_told_otherwise(worker: Worker, photo: bytes):
    worker.queue(photo, status=Status.AWAITING_UPLOAD)

    worker.deliver()

    assert len(json.loads(worker.standing().answer or "")["predictions"]) == 5


@pytest.mark.parametrize(
    ("data", "top_k"),
    [(b"hello", 5), (png_bomb(), 5), (b"\x89PNG\r\n\x1a\n", 5), (b"hello", CLASSES + 1)],
    ids=["text", "bomb", "cut off", "top_k"],
)
def test_a_poison_photo_fails_with_predicts_own_problem(
    worker: Worker, api: TestClient, data: bytes, top_k: int
):
    worker.queue(data, top_k=top_k)

    worker.deliver()

    refused = api.post(f"/v1/predict?top_k={top_k}", files={"file": data}).json()
    assert worker.problem() == refused | {"request_id": "m-1"}
    assert worker.record.code == refused["code"]
    assert worker.notifications == [(an_id(), Status.FAILED)]
    assert not worker.account.keys()


def test_a_file_above_the_limit_is_not_read(worker: Worker):
    worker.queue(bytes(MAX_UPLOAD_BYTES + 1))

    worker.deliver()

    assert worker.problem()["code"] == "image_too_large"
