"""Work on the queue's messages: answered once, whatever happens to them; AWS is moto's."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.testclient import TestClient

from image_classifier.artifact import Artifact
from image_classifier.queued import QueuedPhotos
from image_classifier.upload_event import ForeignMessage
from prediction_store.record import MAX_UPLOAD_BYTES, Status, StoredPrediction
from predictions.routes import create_router
from serving.api import create_app
from serving.aws import StoreUnavailable
from serving.telemetry import Record, ServingEnvironment
from tests.classifier_fakes import CLASSES, RecordingTelemetry, colour_model, predictor_of
from tests.conftest import LIMIT_S
from tests.image_classifier.images import png_bomb
from tests.image_classifier.messages import message, s3_event
from tests.prediction_fakes import BUCKET, Account, Clock, an_id, queued

KEY = f"uploads/{an_id()}"
MAX_RECEIVES = 5


@dataclass
class Worker:
    """The work on messages, the table and bucket around it, and who was told."""

    account: Account
    work: QueuedPhotos
    told: list[tuple[str, Status]] = field(default_factory=list)
    record: Record = field(default_factory=lambda: Record("m-1", {}, cold_start=False))

    def queue(self, photo: bytes | None, **changes: Any) -> None:
        prediction = self.account.table.create(queued(**changes))
        if photo is not None:
            self.account.photos.put(prediction.id, photo)

    def deliver(self, body: str = s3_event(KEY), receives: int = 1) -> None:
        """A batch of one message."""
        try:
            self.work(message(body, receives), self.record)
        finally:
            self.work.settle()

    def standing(self, number: int = 1) -> StoredPrediction:
        prediction = self.account.table.get(an_id(number), self.work.now())
        assert prediction is not None
        return prediction

    def problem(self) -> dict[str, Any]:
        standing = self.standing()
        assert standing.status is Status.FAILED
        return json.loads(standing.problem or "")


@pytest.fixture
def worker(account: Account, clock: Clock, artifact: Artifact) -> Worker:
    told: list[tuple[str, Status]] = []
    work = QueuedPhotos(
        predictor=predictor_of(artifact, colour_model),
        store=account.table,
        photos=account.photos,
        bucket=BUCKET,
        notify=lambda ends: told.extend(ends.items()),
        now=clock,
        max_receives=MAX_RECEIVES,
        keep_photos=False,
    )
    return Worker(account, work, told)


def failing(name: str, store: object, error: Exception, times: int = 1) -> Any:
    """``store``, but for one method that fails so many times."""
    errors = iter([error] * times)

    class Failing:
        def __getattr__(self, method: str) -> Any:
            if method == name and (error := next(errors, None)):
                raise error
            return getattr(store, method)

    return Failing()


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
    assert worker.told == [(an_id(), Status.SUCCEEDED)]
    assert not worker.account.keys()
    assert worker.record.measures["image_bytes"] == len(photo)


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
    assert worker.told == [(an_id(), Status.FAILED)]
    assert not worker.account.keys()


def test_a_file_above_the_limit_is_not_read(worker: Worker):
    worker.queue(bytes(MAX_UPLOAD_BYTES + 1))

    worker.deliver()

    assert worker.problem()["code"] == "image_too_large"


def test_the_same_event_three_times_is_one_answer_and_one_notification(
    worker: Worker, photo: bytes
):
    worker.queue(photo)

    worker.deliver()
    first = worker.standing()
    for _ in range(2):
        worker.deliver()

    assert worker.standing() == first
    assert len(worker.told) == 1


def test_of_two_deliveries_at_once_the_faster_counts(
    worker: Worker, artifact: Artifact, clock: Clock, photo: bytes
):
    def overtaken(image: Any) -> Any:
        worker.deliver()
        clock.advance(seconds=1)
        return colour_model(image)

    worker.queue(photo)
    slower = replace(worker.work, predictor=predictor_of(artifact, overtaken))

    slower(message(s3_event(KEY)), worker.record)
    slower.settle()

    assert worker.standing().status is Status.SUCCEEDED
    assert len(worker.told) == 1


def test_a_killed_worker_is_followed_by_another(worker: Worker, photo: bytes):
    worker.queue(photo)
    worker.account.table.start(an_id())

    worker.deliver()

    assert worker.standing().status is Status.SUCCEEDED


def test_a_photo_that_is_gone_fails_unless_it_was_answered(worker: Worker, photo: bytes):
    worker.queue(None)
    worker.queue(photo, id=an_id(2))
    both = s3_event(KEY, f"uploads/{an_id(2)}")

    for _ in range(2):
        worker.deliver(both)

    assert worker.problem()["code"] == "upload_missing"
    assert worker.standing(2).status is Status.SUCCEEDED
    assert worker.told == [(an_id(1), Status.FAILED), (an_id(2), Status.SUCCEEDED)]


def test_a_prediction_that_is_gone_is_left_alone(worker: Worker, photo: bytes):
    worker.account.photos.put(an_id(), photo)

    worker.deliver()

    assert not worker.account.items()
    assert not worker.told


@pytest.mark.parametrize("part", ["notify", "photos"])
def test_what_follows_an_end_is_made_up_for_where_it_failed(
    worker: Worker, photo: bytes, part: str
):
    def unreachable(_ends: object) -> None:
        raise StoreUnavailable("not now")

    broken = {
        "notify": unreachable,
        "photos": failing("delete", worker.account.photos, StoreUnavailable("not now")),
    }
    worker.queue(photo)
    work = replace(worker.work, **{part: broken[part]})

    work(message(s3_event(KEY)), worker.record)
    with pytest.raises(StoreUnavailable):
        work.settle()
    told = len(worker.told)
    worker.deliver(receives=2)

    assert worker.told[told:] == [(an_id(), Status.SUCCEEDED)]
    assert not worker.account.keys()


def test_a_batch_is_settled_at_once(worker: Worker, photo: bytes):
    worker.work = replace(worker.work, notify=worker.told.append)
    for number in (1, 2):
        worker.queue(photo, id=an_id(number))
        worker.work(message(s3_event(f"uploads/{an_id(number)}")), worker.record)
    assert len(worker.account.keys()) == 2

    for _ in range(2):
        worker.work.settle()

    assert worker.told == [dict.fromkeys((an_id(1), an_id(2)), Status.SUCCEEDED)]
    assert not worker.account.keys()


def test_photos_are_kept_and_nobody_told_where_so_set(worker: Worker, photo: bytes):
    worker.queue(photo)
    worker.work = replace(worker.work, keep_photos=True, notify=None)

    for _ in range(2):
        worker.deliver()

    assert worker.account.keys() == [KEY]
    assert not worker.told


@pytest.mark.parametrize(
    ("part", "method"), [("store", "start"), ("store", "finish"), ("photos", "get")]
)
def test_a_throttled_store_loses_nothing_however_often(
    worker: Worker, photo: bytes, part: str, method: str
):
    worker.queue(photo)
    error = StoreUnavailable("not now")
    throttled = failing(method, getattr(worker.work, part), error, MAX_RECEIVES)
    worker.work = replace(worker.work, **{part: throttled})

    for _ in range(MAX_RECEIVES):
        with pytest.raises(StoreUnavailable):
            worker.deliver()
        assert worker.standing().status is Status.QUEUED
    worker.deliver()

    assert worker.standing().status is Status.SUCCEEDED


def test_what_nobody_foresaw_is_tried_again_and_fails_in_the_end(worker: Worker, photo: bytes):
    worker.queue(photo)
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
    broken = failing("get", worker.account.photos, denied, MAX_RECEIVES)
    worker.work = replace(worker.work, photos=broken)

    for _ in range(MAX_RECEIVES - 1):
        with pytest.raises(ClientError):
            worker.deliver()
        assert worker.standing().status is Status.RUNNING
    worker.deliver()

    assert worker.problem()["code"] == "internal_error"
    assert worker.told == [(an_id(), Status.FAILED)]


def test_a_photo_that_ends_each_environment_fails_untried_at_the_last_delivery(
    worker: Worker, photo: bytes
):
    worker.queue(photo)
    for _ in range(MAX_RECEIVES - 1):
        worker.account.table.start(an_id())

    worker.deliver()

    assert worker.problem()["code"] == "internal_error"
    assert not worker.account.keys()


def test_while_one_photo_of_a_batch_is_classified_one_other_is_fetched(
    worker: Worker, artifact: Artifact, photo: bytes
):
    numbers = range(1, 6)
    fetched, classified, held = [], [], []
    changed = threading.Condition()

    def fetch(prediction_id: str, max_bytes: int) -> bytes | None:
        with changed:
            fetched.append(prediction_id)
            held.append(len(fetched) - len(classified))
            changed.notify_all()
        return worker.account.photos.get(prediction_id, max_bytes)

    def model(image: Any) -> Any:
        with changed:
            ahead = min(len(classified) + 2, len(numbers))
            assert changed.wait_for(lambda: len(fetched) == ahead, LIMIT_S)
            classified.append(image)
        return colour_model(image)

    for number in numbers:
        worker.queue(photo, id=an_id(number))
    photos = SimpleNamespace(get=fetch, delete=worker.account.photos.delete)
    work = replace(worker.work, photos=photos, predictor=predictor_of(artifact, model))
    messages = [message(s3_event(f"uploads/{an_id(number)}")) for number in numbers]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda each: work(each, replace(worker.record)), messages))

    assert {worker.standing(number).status for number in numbers} == {Status.SUCCEEDED}
    assert max(held) == 2


def test_a_photo_that_fails_holds_back_no_other_of_its_message(worker: Worker, photo: bytes):
    for number in (1, 2):
        worker.queue(photo, id=an_id(number))
    broken = failing("get", worker.account.photos, RuntimeError("broken"))
    worker.work = replace(worker.work, photos=broken)

    with pytest.raises(RuntimeError):
        worker.deliver(s3_event(KEY, f"uploads/{an_id(2)}"))

    assert worker.standing(1).status is Status.RUNNING
    assert worker.standing(2).status is Status.SUCCEEDED


def test_a_message_that_is_not_ours_writes_nothing(worker: Worker, photo: bytes):
    worker.queue(photo)

    with pytest.raises(ForeignMessage):
        worker.deliver(s3_event(KEY, "uploads/another"))

    assert worker.standing() == queued()
    assert worker.account.keys() == [KEY]
