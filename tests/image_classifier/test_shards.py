"""One batch, one shard: a row for each photo, written once; only surroundings that fail raise."""

import base64
import io
import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from PIL import Image

from image_classifier.artifact import Artifact
from image_classifier.classifier import Classifier
from image_classifier.shards import MAX_PHOTO_BYTES, write_shard
from serving.collection import Batch, Photo, PhotoMissing
from tests.classifier_fakes import colour_model, with_threshold
from tests.collection_fakes import MemoryOutput


class Photos:
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.reads: list[str] = []

    def read(self, key: str, _max_bytes: int) -> bytes:
        self.reads.append(key)
        if key == "broken":
            raise ConnectionError
        if key not in self.files:
            raise PhotoMissing("gone")
        return self.files[key]


@pytest.fixture
def classify(artifact: Artifact) -> Callable[..., list[dict]]:
    classifier = Classifier(artifact, colour_model, clock_s=lambda: 0.0)

    def run(photos: Photos, listed: list[Photo], output: MemoryOutput) -> list[dict]:
        batch = Batch(3, tuple(listed))
        write_shard(batch, photos, output, classifier, top_k=2)
        return [json.loads(line) for line in output.files[batch.shard].splitlines()]

    return run


def test_a_photo_s_row_says_all_of_it(classify: Callable, artifact: Artifact, photo: bytes):
    (row,) = classify(Photos({"a": photo}), [Photo("a", 1)], MemoryOutput())

    assert (row["key"], row["size"], row["code"]) == ("a", len(photo), None)
    assert row["sha256"] == sha256(photo).hexdigest()
    assert row["model_version"] == artifact.manifest.version
    assert row["top_k"][0]["label"] == row["label"]
    assert [len(row["top_k"]), row["milliseconds"], row["sure"]] == [2, 0.0, None]
    small = Image.open(io.BytesIO(base64.b64decode(row["thumbnail"])))
    assert max(small.size) == 96


def test_a_row_says_whether_the_model_is_sure(artifact: Artifact, photo: bytes):
    classifier = Classifier(with_threshold(artifact, 0.99), colour_model, clock_s=lambda: 0.0)
    output, batch = MemoryOutput(), Batch(0, (Photo("a", 1),))

    write_shard(batch, Photos({"a": photo}), output, classifier, top_k=1)

    assert json.loads(output.files[batch.shard])["sure"] is False


def test_each_bad_photo_is_a_row_and_no_other_suffers(classify: Callable, photo: bytes):
    photos = Photos({"ok": photo, "cut": photo[:2000], "text": b"hello", "late": b""})
    listed = [Photo("ok", 9), Photo("cut", 9), Photo("text", 9), Photo("late", 9)]
    listed += [Photo("gone", 9), Photo("empty", 0), Photo("huge", MAX_PHOTO_BYTES + 1)]

    rows = classify(photos, listed, MemoryOutput())

    assert [row["code"] for row in rows] == [
        *(None, "image_damaged", "unsupported_image_format", "photo_empty"),
        *("photo_missing", "photo_empty", "photo_too_large"),
    ]
    assert not {"empty", "huge"} & set(photos.reads)


def test_a_shard_is_never_made_again(classify: Callable, photo: bytes):
    output, photos = MemoryOutput(), Photos({"a": photo})
    first = classify(photos, [Photo("a", 1)], output)

    assert classify(photos, [Photo("a", 1)], output) == first
    assert photos.reads == ["a"]


def test_a_fault_of_the_surroundings_leaves_no_shard(classify: Callable, photo: bytes):
    output = MemoryOutput()

    with pytest.raises(ConnectionError):
        classify(Photos({"a": photo}), [Photo("a", 1), Photo("broken", 1)], output)

    assert not output.files
