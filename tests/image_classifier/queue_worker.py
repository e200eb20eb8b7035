"""A worker of the queue whose AWS is moto's."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from image_classifier.artifact import Artifact
from image_classifier.queued import QueuedPhotos
from prediction_store.record import Status, StoredPrediction
from serving.telemetry import Record
from tests.classifier_fakes import colour_model, predictor_of
from tests.image_classifier.messages import message, s3_event
from tests.prediction_fakes import BUCKET, Account, Clock, an_id, queued

KEY = f"uploads/{an_id()}"
MAX_RECEIVES = 5


@dataclass
class Worker:
    """The work on messages, the table and bucket around it, and what was notified."""

    account: Account
    work: QueuedPhotos
    notifications: list[tuple[str, Status]] = field(default_factory=list)
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
    notifications: list[tuple[str, Status]] = []
    work = QueuedPhotos(
        predictor=predictor_of(artifact, colour_model),
        store=account.table,
        photos=account.photos,
        bucket=BUCKET,
        notify=lambda ends: notifications.extend(ends.items()),
        now=clock,
        max_receives=MAX_RECEIVES,
        keep_photos=False,
    )
    return Worker(account, work, notifications)


def failing(name: str, store: object, error: Exception, times: int = 1) -> Any:
    """``store``, but for one method that fails so many times."""
    errors = iter([error] * times)

    class Failing:
        def __getattr__(self, method: str) -> Any:
            if method == name and (error := next(errors, None)):
                raise error
            return getattr(store, method)

    return Failing()
