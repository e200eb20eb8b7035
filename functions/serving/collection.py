"""A collection's run, as its parts hand it to each other: a plan of batches, shards of rows.

A batch is one line of ``plan.jsonl``; its rows, one a photo in the same order, are one shard. What
is listed is sorted, so shards in order of their numbers are all rows in order of their keys.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from serving.errors import Forbidden, NotFound, PayloadTooLarge, ServiceError, UnprocessableContent

PLAN_FILE = "plan.jsonl"
USUAL_MIN_SCORE = 0.5


@dataclass(frozen=True)
class Photo:
    """One entry of the source; ``size`` is in bytes, None where it could not be had."""

    key: str
    size: int | None


@dataclass(frozen=True)
class Batch:
    """Photos that are classified together, into shard ``number``, counted from 0."""

    number: int
    photos: tuple[Photo, ...]

    def to_line(self) -> bytes:
        """One line of the plan; ASCII, so that any key survives."""
        photos = [[photo.key, photo.size] for photo in self.photos]
        return (json.dumps({"batch": self.number, "photos": photos}) + "\n").encode()

    @staticmethod
    def from_item(item: dict[str, Any]) -> "Batch":
        """A line of the plan, as JSON reads it."""
        return Batch(item["batch"], tuple(Photo(key, size) for key, size in item["photos"]))

    @property
    def shard(self) -> str:
        """The name of this batch's rows."""
        return f"shards/{self.number:08}.jsonl"


@dataclass(frozen=True)
class Row:
    """What became of one photo: its classes, best first, or the ``code`` of why there are none.

    ``sure`` is whether the score reaches the model's threshold, None where it has none;
    ``thumbnail`` is a JPEG in base64, for the report alone.
    """

    key: str
    size: int | None
    sha256: str | None = None
    label: str | None = None
    wnid: str | None = None
    score: float | None = None
    sure: bool | None = None
    top_k: tuple[dict[str, Any], ...] = ()
    model_version: str | None = None
    milliseconds: float | None = None
    code: str | None = None
    detail: str | None = None
    thumbnail: str | None = None

    def to_line(self) -> bytes:
        """One line of a shard; ASCII, so that any key survives."""
        return (json.dumps(asdict(self)) + "\n").encode()


def is_unsure(score: float, *, sure: bool | None, min_score: float | None) -> bool:
    """Whether ``score`` is below ``min_score``; without one the model decides, as far as it can."""
    if min_score is None and sure is not None:
        return not sure
    return score < (USUAL_MIN_SCORE if min_score is None else min_score)


class PhotoMissing(NotFound):
    """The photo was listed, but is no longer there."""

    code = "photo_missing"


class PhotoEmpty(UnprocessableContent):
    """The file has no bytes."""

    code = "photo_empty"


class PhotoTooLarge(PayloadTooLarge):
    """The file has more bytes than any photo needs."""

    code = "photo_too_large"


class PhotoUnreadable(Forbidden):
    """The file cannot be read: no permission, no regular file, or damaged within its archive."""

    code = "photo_unreadable"


class SourceUnavailable(ServiceError):
    """The photos cannot be listed; the message says why."""

    code = "source_unavailable"


class NoPhotos(SourceUnavailable):
    """There are none at the source."""

    code: ClassVar[str] = "no_photos"


class Output(Protocol):
    """Where a run keeps its files, by names such as ``shards/00000000.jsonl``."""

    def exists(self, name: str) -> bool:
        """True once the file is there; it is whole then."""

    def read(self, name: str) -> bytes | None:
        """The file's bytes, None where there is none."""

    def lines(self, name: str) -> Iterator[bytes]:
        """The file's lines, in memory that does not grow with their number."""

    def create(self, name: str, data: bytes) -> bool:
        """Write the file unless it is there; True if this call wrote it."""

    def writer(self, name: str) -> AbstractContextManager["Writer"]:
        """A file that appears, whole, when the block ends, and not at all if it raises."""


class Writer(Protocol):
    """A file being written."""

    def write(self, data: bytes, /) -> object:
        """Append ``data``."""
