"""A prediction that is answered later, and the states it passes."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_UPLOAD_BYTES = 50_000_000
"""What a camera writes, with room: a TIFF of 16 megapixels and 24 bits has 48 MB."""

UPLOAD_LIFETIME = timedelta(minutes=10)
"""50 MB in 10 minutes is 0.7 Mbit/s; S3 looks at the time when an upload begins."""

UPLOAD_GRACE = timedelta(minutes=10)
"""An upload begun in time may take as long again, and then wait in the queue."""

ID = re.compile(r"[0-9a-f]{32}")
"""The hex digits of a version 4 UUID: 122 random bits (RFC 9562, 5.4)."""


class Status(StrEnum):
    """Where a prediction stands."""

    AWAITING_UPLOAD = "awaiting_upload"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


UNFINISHED = (Status.AWAITING_UPLOAD, Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True)
class StoredPrediction:
    """One prediction, which ``id`` identifies; times are in UTC.

    ``top_k`` is None for the model's usual number of classes, ``upload_until`` unless the photo is
    uploaded; ``attempts`` counts how often a worker has begun with it. Once finished there is
    ``answer`` or ``problem``, as JSON: DynamoDB takes no floats.
    """

    id: str
    status: Status
    created_at: datetime
    top_k: int | None = None
    attempts: int = 0
    upload_until: datetime | None = None
    finished_at: datetime | None = None
    answer: str | None = None
    problem: str | None = None

    def status_at(self, now: datetime) -> Status:
        """Its status; expired where no upload came in time.

        That is not stored: should the photo's event be very late, it is answered all the same.
        """
        if self.status is not Status.AWAITING_UPLOAD or self.upload_until is None:
            return self.status
        return Status.EXPIRED if now > self.upload_until + UPLOAD_GRACE else self.status


@dataclass(frozen=True)
class Outcome:
    """How a prediction ended: with an answer, or with the problem object of an error."""

    status: Status
    answer: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Claim:
    """What a caller's idempotency key stands for: the photo, ``top_k``, and the prediction."""

    key: str
    image_sha256: str
    top_k: int | None
    prediction_id: str
