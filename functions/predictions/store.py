"""What the routes need of the table and of the bucket.

All methods raise ``serving.aws.StoreUnavailable`` where nothing is known to be done.
"""

from datetime import datetime, timedelta
from typing import Protocol

from prediction_store.record import Claim, StoredPrediction
from prediction_store.s3 import PresignedPost


class PredictionStore(Protocol):
    """Predictions by id."""

    def create(self, prediction: StoredPrediction) -> StoredPrediction:
        """Store a prediction; what stands under its id now, which may be an earlier one."""

    def claim(self, claim: Claim, now: datetime) -> Claim:
        """Store what a key stands for; what it stands for now, which may be an earlier claim."""

    def get(self, prediction_id: str, now: datetime) -> StoredPrediction | None:
        """The prediction; None if there is none, or no longer."""

    def withdraw(self, prediction_id: str) -> None:
        """Delete a prediction that nobody has begun."""


class PhotoStore(Protocol):
    """Photos by the id of their prediction."""

    def presign(
        self, prediction_id: str, content_type: str, size_bytes: int, lifetime: timedelta
    ) -> PresignedPost:
        """A form that takes a photo of exactly this type and size."""

    def put(self, prediction_id: str, photo: bytes) -> None:
        """Store a photo, and so have it answered."""
