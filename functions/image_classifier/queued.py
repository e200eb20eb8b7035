"""Photos of the queue → their answers; each ends once, however often its message comes."""

from collections.abc import Callable, Collection, Mapping
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


class PredictionStore(Protocol):
    """Predictions by id."""

    def start(self, prediction_id: str) -> StoredPrediction | None:
        """Mark as running unless finished, and count it; what stands now, None for none."""

    def release(self, prediction_id: str) -> None:
        """Mark as queued again, as if it had not been started."""

    def finish(self, prediction_id: str, outcome: Outcome, now: datetime) -> bool:
        """Store how it ended unless it is finished; whether it ended so."""


class PhotoStore(Protocol):
    """Photos by the id of their prediction."""

    def get(self, prediction_id: str, max_bytes: int) -> bytes | None:
        """The photo; None if it is not there. Raises ``ImageTooLarge`` before reading it."""

    def delete(self, prediction_ids: Collection[str]) -> None:
        """Delete the photos, where they are there."""


@dataclass(frozen=True)
class _End:
    prediction_id: str
    status: Status
    is_news: bool


@dataclass(frozen=True)
class QueuedPhotos:
    """The work on one message (``serving.lambda_queue.Work``), for several threads at once.

    While a photo is classified, the next one is fetched and the answer before is stored. Two photos
    are held at most, as each may be near all limits. What follows an end is done in ``settle``,
    once for all messages of a batch.

    An error of the photo ends its prediction; where a store cannot answer, the message is delivered
    again. So it is where its environment ends or nobody foresaw the error; but the
    ``max_receives``-th time, after which the queue gives a message up, the prediction ends untried.
    Without ``notify`` nobody is told; ``keep_photos`` leaves them to the bucket's own rules.
    """

    predictor: Predictor
    store: PredictionStore
    photos: PhotoStore
    bucket: str
    notify: Callable[[Mapping[str, Status]], None] | None
    now: Callable[[], datetime]
    max_receives: int
    keep_photos: bool
    _held: BoundedSemaphore = field(init=False, default_factory=lambda: BoundedSemaphore(2))
    _classifying: Lock = field(init=False, default_factory=Lock)
    _ended: list[_End] = field(init=False, default_factory=list)

    def __call__(self, message: SQSRecord, record: Record) -> None:
        """Answer all photos of the message, then raise the first error there was.

        Raises:
            ForeignMessage: before anything is written.
        """
        ids = uploaded_ids(message.body, self.bucket)
        # Whoever had it before may have ended between a prediction's end and what follows it.
        again = int(message.attributes.approximate_receive_count) > 1
        errors = [error for each in ids if (error := self._attempt(each, record, again=again))]
        if errors:
            raise errors[0]

    def settle(self) -> None:
        """Notify of what has ended, then delete its photos.

        Whoever is interrupted here has the messages delivered again, so that of many notifications
        one may come twice, but none is lost.
        """
        ended = list(self._ended)
        self._ended.clear()
        news = {end.prediction_id: end.status for end in ended if end.is_news}
        if self.notify is not None and news:
            self.notify(news)
        if not self.keep_photos and ended:
            self.photos.delete({end.prediction_id for end in ended})

    def _attempt(self, prediction_id: str, record: Record, *, again: bool) -> Exception | None:
        try:
            self._answer(prediction_id, record, again=again)
        except Unavailable as error:
            with suppress(Unavailable):
                self.store.release(prediction_id)
            return error
        except Exception as error:  # noqa: BLE001  # outermost edge of one photo; it is raised again
            return error
        return None

    def _answer(self, prediction_id: str, record: Record, *, again: bool) -> None:
        with self._held:
            prediction = self.store.start(prediction_id)
            if prediction is None:
                return  # withdrawn, or deleted long ago: nobody can ask for it
            unfinished = prediction.status in UNFINISHED
            outcome = self._outcome(prediction, record) if unfinished else None
        if outcome is None:
            self._ended.append(_End(prediction_id, prediction.status, is_news=again))
        elif self.store.finish(prediction_id, outcome, self.now()):
            self._ended.append(_End(prediction_id, outcome.status, is_news=True))
        else:
            self._answer(prediction_id, record, again=again)  # another delivery was faster

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


def _problem(error: ServiceError, record: Record) -> str:
    return problem_of(error, record.request_id).model_dump_json()
