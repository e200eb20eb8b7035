"""Each photo of the queue ends once, whatever happens to its messages; AWS is moto's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from image_classifier.artifact import Artifact
from image_classifier.upload_event import ForeignMessage
from prediction_store.record import Status
from serving.aws import StoreUnavailable
from tests.classifier_fakes import colour_model, predictor_of
from tests.conftest import LIMIT_S
from tests.image_classifier.messages import message, s3_event
from tests.image_classifier.queue_worker import KEY, MAX_RECEIVES, Worker, failing
from tests.prediction_fakes import Clock, an_id, queued


def test_the_same_event_three_times_is_one_answer_and_one_notification(
    worker: Worker, photo: bytes
):
    worker.queue(photo)

    worker.deliver()
    first = worker.standing()
    for _ in range(2):
        worker.deliver()

    assert worker.standing() == first
    assert len(worker.notifications) == 1


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
    assert len(worker.notifications) == 1


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
    assert worker.notifications == [(an_id(1), Status.FAILED), (an_id(2), Status.SUCCEEDED)]


def test_a_prediction_that_is_gone_is_left_alone(worker: Worker, photo: bytes):
    worker.account.photos.put(an_id(), photo)

    worker.deliver()

    assert not worker.account.items()
    assert not worker.notifications


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
    count = len(worker.notifications)
    worker.deliver(receives=2)

    assert worker.notifications[count:] == [(an_id(), Status.SUCCEEDED)]
    assert not worker.account.keys()


def test_a_batch_is_settled_at_once(worker: Worker, photo: bytes):
    worker.work = replace(worker.work, notify=worker.notifications.append)
    for number in (1, 2):
        worker.queue(photo, id=an_id(number))
        worker.work(message(s3_event(f"uploads/{an_id(number)}")), worker.record)
    assert len(worker.account.keys()) == 2

    for _ in range(2):
        worker.work.settle()

    assert worker.notifications == [dict.fromkeys((an_id(1), an_id(2)), Status.SUCCEEDED)]
    assert not worker.account.keys()


def test_photos_are_kept_and_nobody_told_where_so_set(worker: Worker, photo: bytes):
    worker.queue(photo)
    worker.work = replace(worker.work, keep_photos=True, notify=None)

    for _ in range(2):
        worker.deliver()

    assert worker.account.keys() == [KEY]
    assert not worker.notifications


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
    assert worker.notifications == [(an_id(), Status.FAILED)]


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
