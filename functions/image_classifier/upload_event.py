"""A message of the queue → the predictions whose photos S3 has got."""

from urllib.parse import unquote_plus

from pydantic import BaseModel, Field, ValidationError

from prediction_store.record import ID
from prediction_store.s3 import PREFIX
from serving.errors import InvalidRequest

CREATED = "ObjectCreated:"
TEST = "s3:TestEvent"


class ForeignMessage(InvalidRequest):
    """The message tells of no photo that was uploaded here."""

    code = "foreign_message"


class _Bucket(BaseModel):
    name: str


class _Object(BaseModel):
    key: str


class _Place(BaseModel):
    bucket: _Bucket
    object: _Object


class _Record(BaseModel):
    event: str = Field(alias="eventName")
    place: _Place = Field(alias="s3")


class _Event(BaseModel):
    """What is read of S3's event message structure 2.x; a test event has no records."""

    test: str | None = Field(default=None, alias="Event")
    records: list[_Record] = Field(default=[], alias="Records")


def uploaded_ids(body: str, bucket: str) -> list[str]:
    """Ids of the predictions whose photos are in ``bucket`` now; none for S3's test event.

    Raises:
        ForeignMessage: any part of the message is something else.
    """
    try:
        event = _Event.model_validate_json(body)
    except ValidationError as exc:
        raise ForeignMessage("The message is no event of S3.") from exc
    if not event.records and event.test != TEST:
        raise ForeignMessage("The message has no records.")
    return [_id(record, bucket) for record in event.records]


def _id(record: _Record, bucket: str) -> str:
    key = unquote_plus(record.place.object.key)  # S3 encodes keys as forms do
    prediction_id = key.removeprefix(PREFIX)
    if (
        not record.event.startswith(CREATED)
        or record.place.bucket.name != bucket
        or key != PREFIX + prediction_id
        or not ID.fullmatch(prediction_id)
    ):
        raise ForeignMessage("The event is of something else than an uploaded photo.")
    return prediction_id
