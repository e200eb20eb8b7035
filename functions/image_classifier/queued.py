"""Photos of the queue → their answers; each ends once, however often its message comes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Protocol

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from image_classifier.predictor import Predictor
from image_classifier.upload_event import uploaded_ids
from prediction_store.record import (
    MAX_UPLOAD_BYTES,
    UNFINISHED,
    Outcome,
    Status,
    StoredPrediction,
)
from serving.api import InvalidParameter
from serving.errors import NotFound, ServiceError, Unavailable
from serving.problem import problem_of, unforeseen
from serving.telemetry import Record


class UploadMissing(NotFound):
    """The photo is not there any more."""

    code = "upload_missing"


class NotificationPending(Unavailable):
    """Another delivery finished the prediction, and may be about to notify."""

    code = "notification_pending"


class PredictionStore(Protocol):
    """Predictions by id."""

    def start(self, prediction_id: str) -> StoredPrediction | None:
        """Mark as running unless finished, and count it; what stands now, None for none."""

    def release(self, prediction_id: str) -> None:
        """Mark as queued again, as if it had not been started."""

    def finish(self, prediction_id: str, outcome: Outcome, now: datetime) -> bool:
        """Store how it ended unless it is finished; True for the one that did, who notifies."""

    def take_over_notifying(self, prediction_id: str, now: datetime) -> bool | None:
        """Whether to notify of a finished prediction; None while another may still do so."""

    def notified(self, prediction_id: str, now: datetime) -> None:
        """Note that the topic has it."""


class PhotoStore(Protocol):
    """Photos by the id of their prediction."""

    def get(self, prediction_id: str, max_bytes: int) -> bytes | None:
        """The photo; None if it is not there. Raises ``ImageTooLarge`` before reading it."""

    def delete(self, prediction_id: str) -> None:
        """Delete the photo, if it is there."""


@dataclass(frozen=True)
class QueuedPhotos:
    """The work on one message (``serving.lambda_queue.Work``), for several threads at once.

    While a photo is classified, the next one is fetched and the one before is put away. Two photos
    are held at most, as each may be near all limits.

    An error of the photo ends its prediction; where a store cannot answer, the message is delivered
    again. So it is where its environment ends or nobody foresaw the error; but the
    ``max_receives``-th time, after which the queue gives a message up, the prediction ends untried.
    Without ``notify`` nobody is told; ``keep_photos`` leaves them to the bucket's own rules.
    """

    predictor: Predictor
    store: PredictionStore
    photos: PhotoStore
    bucket: str
    notify: Callable[[str, Status], None] | None
    now: Callable[[], datetime]
    max_receives: int
    keep_photos: bool
    _held: BoundedSemaphore = field(init=False, default_factory=lambda: BoundedSemaphore(2))
    _classifying: Lock = field(init=False, default_factory=Lock)

    def __call__(self, message: SQSRecord, record: Record) -> None:
        """Answer all photos of the message, then raise the first error there was.

        Raises:
            ForeignMessage: before anything is written.
        """
        ids = uploaded_ids(message.body, self.bucket)
        errors = [error for each in ids if (error := self._attempt(each, record))]
        if errors:
            raise errors[0]

    def _attempt(self, prediction_id: str, record: Record) -> Exception | None:
        try:
            self._answer(prediction_id, record)
        except Unavailable as error:
            with suppress(Unavailable):
                self.store.release(prediction_id)
            return error
        except Exception as error:  # noqa: BLE001  # outermost edge of one photo; it is raised again
            return error
        return None

    def _answer(self, prediction_id: str, record: Record) -> None:
        with self._held:
            prediction = self.store.start(prediction_id)
            if prediction is None:
                return  # withdrawn, or deleted long ago: nobody can ask for it
            unfinished = prediction.status in UNFINISHED
            outcome = self._outcome(prediction, record) if unfinished else None
        if outcome is None:
            self._settle(prediction_id, prediction.status, notifies=False)
            return
        if self.store.finish(prediction_id, outcome, self.now()):
            self._settle(prediction_id, outcome.status, notifies=True)
        else:
            self._answer(prediction_id, record)  # another delivery was faster

    def _outcome(self, prediction: StoredPrediction, record: Record) -> Outcome:
        predictor = self.predictor
        top_k = prediction.top_k or predictor.usual_top_k
        if prediction.attempts >= self.max_receives:
            return Outcome(Status.FAILED, problem=_problem(unforeseen(), record))
        try:
            if top_k > predictor.classes:
                raise InvalidParameter(  # as FastAPI puts it
                    f"query.top_k: Input should be less than or equal to {predictor.classes}."
                )
            photo = self.photos.get(prediction.id, MAX_UPLOAD_BYTES)
            if photo is None:
                raise UploadMissing("The photo is not there any more; send it again.")
            with self._classifying:
                answer = predictor.predict(photo, top_k, record)
        except Unavailable:
            raise
        except ServiceError as error:
            record.code = error.code
            return Outcome(Status.FAILED, problem=_problem(error, record))
        return Outcome(Status.SUCCEEDED, answer=answer.model_dump_json())

    def _settle(self, prediction_id: str, status: Status, *, notifies: bool) -> None:
        """What follows an end, also where the delivery that brought it was interrupted."""
        if not self.keep_photos:
            self.photos.delete(prediction_id)
        if self.notify is None:
            return
        turn = notifies or self.store.take_over_notifying(prediction_id, self.now())
        if turn is None:
            raise NotificationPending("Another delivery may be about to notify.")
        if turn:
            self.notify(prediction_id, status)
            self.store.notified(prediction_id, self.now())


def _problem(error: ServiceError, record: Record) -> str:
    return problem_of(error, record.request_id).model_dump_json()
