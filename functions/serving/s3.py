"""A collection's photos and files in S3; the one adapter for functions and commands."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from serving.aws import S3_ADDRESSES
from serving.collection import (
    Photo,
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    SourceUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 2**20  # of a multipart upload: 10,000 of them (S3's limit) are 80 GB
CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 5},
).merge(S3_ADDRESSES)

_GONE = frozenset({"NoSuchKey", "404"})
_REFUSED = frozenset({"AccessDenied", "403", "InvalidObjectState"})
_UNLISTABLE = {
    "NoSuchBucket": "does not exist",
    "AccessDenied": "may not be listed with these permissions",
    "InvalidBucketName": "is no valid bucket name",
}


class S3Photos:
    """The objects below ``prefix``; keys are whole."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def list(self) -> Iterator[Photo]:
        """Every object, page by page, in S3's own order: that of the keys' UTF-8 bytes.

        Raises:
            SourceUnavailable: there is no such bucket, or no permission to list it.
        """
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    yield Photo(entry["Key"], entry["Size"])
        except ClientError as exc:
            if (reason := _UNLISTABLE.get(_code(exc))) is None:
                raise
            raise SourceUnavailable(f"The bucket {self._bucket} {reason}.") from exc
        except NoCredentialsError as exc:
            raise SourceUnavailable("There are no AWS credentials.") from exc

    def read(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes.

        Raises:
            PhotoMissing, PhotoUnreadable, PhotoTooLarge
            ClientError: S3 failed, also after its client's retries.
        """
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as exc:
            if _code(exc) in _GONE:
                raise PhotoMissing("The object is no longer there.") from exc
            if _code(exc) in _REFUSED:
                raise PhotoUnreadable("S3 refuses to give the object out.") from exc
            raise
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > max_bytes:  # it grew since it was listed
                raise PhotoTooLarge(f"The object has more than {max_bytes:,} bytes.")
            return body.read()


class S3Output:
    """See ``collection.Output``: objects below ``prefix``, which ends with a slash."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def exists(self, name: str) -> bool:
        """One HEAD request."""
        try:
            self._client.head_object(**self._at(name))
        except ClientError as exc:
            if _code(exc) in _GONE:
                return False
            raise
        return True

    def read(self, name: str) -> bytes | None:
        """None where there is no such object."""
        try:
            with closing(self._client.get_object(**self._at(name))["Body"]) as body:
                return body.read()
        except ClientError as exc:
            if _code(exc) in _GONE:
                return None
            raise

    def lines(self, name: str) -> Iterator[bytes]:
        """Streamed; a line whose connection breaks raises."""
        with closing(self._client.get_object(**self._at(name))["Body"]) as body:
            yield from body.iter_lines(chunk_size=2**16)

    def create(self, name: str, data: bytes) -> bool:
        """One conditional write: of many writers at once a single one is told True."""
        try:
            self._client.put_object(**self._at(name), Body=data, IfNoneMatch="*")
        except ClientError as exc:
            if _code(exc) == "PreconditionFailed":
                return False
            raise
        return True

    @contextmanager
    def writer(self, name: str) -> Iterator["_Upload"]:
        """Holds one part in memory; less than that becomes one plain object."""
        upload = _Upload(self._client, self._at(name))
        try:
            yield upload
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    def _at(self, name: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}


class _Upload:
    """A multipart upload, begun when the first part is full."""

    def __init__(self, client: "S3Client", at: dict[str, Any]) -> None:
        self._client = client
        self._at = at
        self._buffer = bytearray()
        self._id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= PART_BYTES:
            self._send()

    def complete(self) -> None:
        if self._id is None:
            self._client.put_object(**self._at, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send()
        self._client.complete_multipart_upload(
            **self._at, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        if self._id is not None:
            self._client.abort_multipart_upload(**self._at, UploadId=self._id)

    def _send(self) -> None:
        if self._id is None:
            self._id = self._client.create_multipart_upload(**self._at)["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._at, UploadId=self._id, PartNumber=number, Body=bytes(self._buffer)
        )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._buffer.clear()


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
