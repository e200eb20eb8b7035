"""A collection's photos and files in S3, as moto plays it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from image_collections.plan import planned_batches, write_plan
from serving.collection import PhotoMissing, PhotoTooLarge, PhotoUnreadable, SourceUnavailable
from serving.s3 import PART_BYTES, S3Output, S3Photos
from tests.moto_s3 import moto_s3


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_s3(monkeypatch, "photos") as client:
        yield client


@pytest.fixture
def output(s3: Any) -> S3Output:
    return S3Output(s3, "photos", "collections/1/")


def test_photos_are_listed_over_pages_in_order_of_their_bytes(
    s3: Any, output: S3Output, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # of a page; S3's have 1000
    keys = ["p/", "p/empty.jpg", "p/=x.jpg", "p/é +.jpg", "p/Z.jpg", "q/other.jpg"]
    keys += [f"p/{i:04}.jpg" for i in range(21)]
    for key in keys:
        body = b"" if key.endswith(("/", "empty.jpg")) else b"x"
        s3.put_object(Bucket="photos", Key=key, Body=body)

    plan = write_plan(S3Photos(s3, "photos", "p/").list(), output)

    listed = [photo for batch in planned_batches(output) for photo in batch.photos]
    assert [photo.key for photo in listed] == sorted(keys[1:5] + keys[6:], key=str.encode)
    assert [photo.key for photo in listed if photo.size == 0] == ["p/empty.jpg"]
    assert (plan.photos, plan.others) == (25, 0)


def test_a_photo_that_is_gone_or_has_grown_is_its_own_error(s3: Any):
    photos = S3Photos(s3, "photos", "")
    s3.put_object(Bucket="photos", Key="a", Body=b"12345")

    assert photos.read("a", max_bytes=5) == b"12345"
    with pytest.raises(PhotoTooLarge):
        photos.read("a", max_bytes=4)
    with pytest.raises(PhotoMissing):
        photos.read("b", max_bytes=5)


def test_a_bucket_that_is_not_there_is_one_message(s3: Any):
    with pytest.raises(SourceUnavailable, match="The bucket nowhere does not exist"):
        list(S3Photos(s3, "nowhere", "").list())


def test_what_may_not_be_listed_or_read_is_told_from_what_is_not_there(s3: Any):
    """AWS's own answers; moto asks nobody for a permission."""
    photos = S3Photos(s3, "photos", "")
    with Stubber(s3) as stubber:
        stubber.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
        stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)

        with pytest.raises(SourceUnavailable, match="photos may not be listed with these permis"):
            list(photos.list())
        with pytest.raises(PhotoUnreadable, match="refuses"):
            photos.read("a", max_bytes=5)


def test_of_two_writers_of_a_shard_one_writes(output: S3Output):
    assert not output.exists("shards/0")
    assert output.read("shards/0") is None
    assert output.create("shards/0", b"first")
    assert not output.create("shards/0", b"second")
    assert output.exists("shards/0")
    assert output.read("shards/0") == b"first"


@pytest.mark.parametrize("lines", [0, 3, PART_BYTES // 1024 + 5, 2 * PART_BYTES // 1024])
def test_a_file_of_any_length_is_written_whole(output: S3Output, lines: int):
    expected = [os.urandom(512).hex()[1:].encode() for _ in range(lines)]

    with output.writer("file") as file:
        for line in expected:
            file.write(line + b"\n")

    assert list(output.lines("file")) == expected


@pytest.mark.parametrize("size", [10, PART_BYTES])
def test_a_file_that_fails_does_not_appear(s3: Any, output: S3Output, size: int):
    def fail() -> None:
        with output.writer("file") as file:
            file.write(b"x" * size)
            file.write(b"y" * (1 // 0))

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not output.exists("file")
    assert not s3.list_multipart_uploads(Bucket="photos").get("Uploads")


def test_a_fault_of_s3_is_no_fault_of_a_photo(s3: Any):
    with pytest.raises(ClientError):
        S3Photos(s3, "nowhere", "").read("a", 1)
