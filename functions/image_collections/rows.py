"""Shards in the plan's order → rows, and rows → lines of the files people get."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from serving.collection import Batch, Output
from serving.errors import ServiceError
from serving.read_ahead import read_ahead

# Of results.jsonl and results.csv; the best classes are one column there, as "label (score)".
COLUMNS = (
    "key",
    "size",
    "sha256",
    "label",
    "wnid",
    "score",
    "sure",
    "top_k",
    "model_version",
    "milliseconds",
    "code",
    "detail",
)
FAILURE_COLUMNS = ("key", "size", "sha256", "code", "detail")
SHARDS_AHEAD = 16  # S3 takes some 20 ms for each

PlainRow = dict[str, Any]
"""A ``collection.Row`` as JSON reads it."""


class NotClassified(ServiceError):
    """The photo's batch failed however often it was tried."""

    code = "not_classified"


def read_rows(batches: Iterable[Batch], output: Output) -> Iterator[PlainRow]:
    """Every planned photo's row; of a batch without a shard too, so that no photo is lost."""

    def shard(batch: Batch) -> bytes | None:
        return output.read(batch.shard)

    for batch, data in read_ahead(shard, batches, SHARDS_AHEAD):
        if data is None:
            yield from _missing(batch)
        else:
            for line in data.splitlines():
                row: PlainRow = {"sure": None} | json.loads(line)  # older shards have none
                yield row | {"key": printable(row["key"])}


def jsonl_line(row: PlainRow) -> bytes:
    """One JSON object in UTF-8, without the thumbnail."""
    return (json.dumps({c: row[c] for c in COLUMNS}, ensure_ascii=False) + "\n").encode()


def cells(row: PlainRow) -> PlainRow:
    """The row with one text for each column of a table."""
    top_k = ", ".join(f"{p['label']} ({p['score']:.4f})" for p in row["top_k"])
    return row | {"top_k": top_k}


def printable(key: str) -> str:
    r"""``key`` as UTF-8 can hold it: bytes of a file's name that are none become ``\xe9``."""
    return key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _missing(batch: Batch) -> Iterator[PlainRow]:
    detail = "The photo's batch failed; a resumed run tries it again."
    for photo in batch.photos:
        empty: PlainRow = dict.fromkeys(COLUMNS) | {"top_k": (), "thumbnail": None}
        yield empty | {
            "key": printable(photo.key),
            "size": photo.size,
            "code": NotClassified.code,
            "detail": detail,
        }
