"""A collection's photos and files in memory, and rows as the worker writes them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from image_collections.plan import batches
from serving.collection import Batch, Photo, Row


class MemoryOutput:
    """See ``collection.Output``."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def exists(self, name: str) -> bool:
        return name in self.files

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def lines(self, name: str) -> Iterator[bytes]:
        return iter(self.files[name].splitlines())

    def create(self, name: str, data: bytes) -> bool:
        return self.files.setdefault(name, data) is data

    @contextmanager
    def writer(self, name: str) -> Iterator[io.BytesIO]:
        file = io.BytesIO()
        yield file
        self.files[name] = file.getvalue()


def row(
    key: str,
    label: str = "tabby",
    score: float = 0.9,
    code: str | None = None,
    *,
    sure: bool | None = None,
) -> Row:
    if code is not None:
        return Row(key, 10, code=code, detail=f"It is {code}.")
    best = {"label": label, "wnid": "n1", "score": score}
    second = {"label": "other", "wnid": "n2", "score": 0.05}
    return Row(
        *(key, 10, "ab" * 32, label, "n1", score, sure, (best, second), "v1", 5.0),
        thumbnail="/9j/",
    )


def shards_of(rows: list[Row], output: MemoryOutput, size: int = 2) -> list[Batch]:
    """The batches of these rows' photos, with their shards in ``output``."""
    planned = list(batches((Photo(row.key, row.size) for row in rows), size))
    left = iter(rows)
    for batch in planned:
        output.create(batch.shard, b"".join(next(left).to_line() for _ in batch.photos))
    return planned
