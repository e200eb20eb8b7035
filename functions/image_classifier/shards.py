"""One batch of a collection's plan → its shard: a row for each photo, whatever became of it."""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from image_classifier.classifier import Classifier
from image_classifier.thumbnail import thumbnail
from serving.collection import Batch, Output, Photo, PhotoEmpty, PhotoTooLarge, Row
from serving.errors import ServiceError
from serving.read_ahead import read_ahead

if TYPE_CHECKING:
    from PIL import Image

# Cameras' own files have up to about 30 MB; those read ahead are in memory beside the one decoded.
MAX_PHOTO_BYTES = 32_000_000
READ_AHEAD = 3


class Photos(Protocol):
    """Where the photos are."""

    def read(self, key: str, max_bytes: int) -> bytes:
        """The photo's bytes.

        Raises:
            ServiceError: this photo cannot be had, and asking again will not help.
        """


@dataclass(frozen=True)
class Shard:
    """How many of a batch's photos are done, and how many of these have no class."""

    photos: int
    failures: int


def write_shard(
    batch: Batch, photos: Photos, output: Output, classifier: Classifier, top_k: int
) -> Shard | None:
    """Classify a batch's photos, a few of which are read ahead; None if its shard is there already.

    Photos that cannot be classified become rows with a code. What else is raised is a fault of the
    surroundings, and no shard is written.
    """
    if output.exists(batch.shard):
        return None

    def read(photo: Photo) -> tuple[bytes, str] | ServiceError:
        try:
            data = _read(photos, photo)
        except ServiceError as exc:
            return exc
        return data, sha256(data).hexdigest()

    rows = [
        _failure(photo, content)
        if isinstance(content, ServiceError)
        else _row(photo, *content, classifier, top_k)
        for photo, content in read_ahead(read, batch.photos, READ_AHEAD)
    ]
    output.create(batch.shard, b"".join(row.to_line() for row in rows))
    return Shard(len(rows), sum(row.code is not None for row in rows))


def _read(photos: Photos, photo: Photo) -> bytes:
    """Nothing is fetched that is known to be empty or too large."""
    if photo.size is not None and photo.size > MAX_PHOTO_BYTES:
        raise PhotoTooLarge(
            f"The file has {photo.size:,} bytes; at most {MAX_PHOTO_BYTES:,} are read."
        )
    data = b"" if photo.size == 0 else photos.read(photo.key, MAX_PHOTO_BYTES)
    if not data:
        raise PhotoEmpty("The file is empty.")
    return data


def _row(photo: Photo, data: bytes, digest: str, classifier: Classifier, top_k: int) -> Row:
    looks: list[Image.Image] = []
    read = Photo(photo.key, len(data))  # it may have changed since it was listed
    try:
        result = classifier.classify(data, top_k, look=looks.append)
    except ServiceError as exc:
        return _failure(read, exc, digest)
    best = result.predictions[0]
    return Row(
        key=read.key,
        size=read.size,
        sha256=digest,
        label=best.label,
        wnid=best.wnid,
        score=best.score,
        sure=result.sure,
        top_k=_plain(result.predictions),
        model_version=classifier.artifact.manifest.version,
        milliseconds=round(sum(asdict(result.timings).values()), 1),
        thumbnail=base64.b64encode(thumbnail(looks[0])).decode(),
    )


def _plain(predictions: Sequence[object]) -> tuple[dict[str, object], ...]:
    return tuple(dict(vars(prediction)) for prediction in predictions)


def _failure(photo: Photo, error: ServiceError, digest: str | None = None) -> Row:
    return Row(photo.key, photo.size, digest, code=error.code, detail=str(error))
