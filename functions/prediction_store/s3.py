"""Photos on their way: an S3 bucket, in which one prediction's photo has one key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from serving import aws
from serving.aws import RETRY_AFTER_S, StoreUnavailable, translated
from serving.image_body import check_size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

PREFIX = "uploads/"
CLIENT_CONFIG = aws.CLIENT_CONFIG.merge(aws.S3_ADDRESSES)

_UNAVAILABLE = "The photos cannot be read or written now."


@dataclass(frozen=True)
class PresignedPost:
    """A form that uploads one photo: its address, and the fields that stand before the file."""

    url: str
    fields: dict[str, str]


class PhotoBucket:
    """The photos of ``predictions.store`` and ``image_classifier.queued``."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def presign(
        self, prediction_id: str, content_type: str, size_bytes: int, lifetime: timedelta
    ) -> PresignedPost:
        """A form that takes a photo of exactly this type and size, and nothing else."""
        post = self._client.generate_presigned_post(
            self._bucket,
            PREFIX + prediction_id,
            Fields={"Content-Type": content_type},
            Conditions=[
                {"Content-Type": content_type},
                ["content-length-range", size_bytes, size_bytes],
            ],
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return PresignedPost(post["url"], post["fields"])

    def put(self, prediction_id: str, photo: bytes) -> None:
        """Store a photo; the bucket then tells the queue of it."""
        with translated(_UNAVAILABLE):
            self._client.put_object(Bucket=self._bucket, Key=PREFIX + prediction_id, Body=photo)

    def get(self, prediction_id: str, max_bytes: int) -> bytes | None:
        """The photo; None if it is not there.

        Raises:
            ImageTooLarge: it has more than ``max_bytes``, of which none is read.
        """
        with translated(_UNAVAILABLE):
            try:
                response = self._client.get_object(Bucket=self._bucket, Key=PREFIX + prediction_id)
            except self._client.exceptions.NoSuchKey:
                return None
            with response["Body"] as body:
                check_size(response["ContentLength"], max_bytes)
                return body.read()

    def delete(self, prediction_ids: Collection[str]) -> None:
        """Delete the photos, where they are there; 1000 at most."""
        objects: list[ObjectIdentifierTypeDef] = [{"Key": PREFIX + each} for each in prediction_ids]
        with translated(_UNAVAILABLE):
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
        if errors := answer.get("Errors"):
            raise StoreUnavailable(f"{_UNAVAILABLE} {errors[0].get('Message')}", RETRY_AFTER_S)
