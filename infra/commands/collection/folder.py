"""Photos in a folder of this machine, and a run's files in another."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from serving.collection import (
    Photo,
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    SourceUnavailable,
)


@dataclass(frozen=True)
class FolderPhotos:
    """Files below ``folder``, but for those below ``without``, if any; keys are relative paths."""

    folder: Path
    without: Path | None = None

    def list(self) -> Iterator[Photo]:
        """Every file in order of the paths' bytes; links to folders are not followed.

        A folder that cannot be read is an entry of its own, without a size.

        Raises:
            SourceUnavailable: ``folder`` itself cannot be read.
        """
        try:
            yield from self._below(self.folder, b"")
        except OSError as exc:
            raise SourceUnavailable(f"{self.folder}: {exc.strerror}.") from exc

    def read(self, key: str, max_bytes: int) -> bytes:
        """The file's bytes.

        Raises:
            PhotoMissing, PhotoTooLarge
            PhotoUnreadable: no permission, a link to itself, a pipe or a device.
        """
        path = self.folder / key
        try:
            # A pipe nobody writes to would be waited for.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise PhotoUnreadable("This is no regular file.")
                data = file.read(max_bytes + 1)
        except FileNotFoundError as exc:
            raise PhotoMissing("The file is no longer there.") from exc
        except OSError as exc:
            raise PhotoUnreadable(f"The file cannot be read: {exc.strerror}.") from exc
        if len(data) > max_bytes:
            raise PhotoTooLarge(f"The file has more than {max_bytes:,} bytes.")
        return data

    def _below(self, folder: Path, key: bytes) -> Iterator[Photo]:
        with os.scandir(os.fsencode(folder)) as listing:
            entries = sorted(
                (entry.name + b"/" * entry.is_dir(follow_symlinks=False), entry.is_symlink())
                for entry in listing
            )
        for name, is_link in entries:
            path, below = folder / os.fsdecode(name), key + name
            if name.endswith(b"/"):
                if path == self.without:
                    continue
                try:
                    yield from self._below(path, below)
                except OSError:
                    yield Photo(os.fsdecode(below.rstrip(b"/")), None)
            elif not (is_link and path.is_dir()):
                yield Photo(os.fsdecode(below), _size(path))


class FolderOutput:
    """See ``collection.Output``; a file gets its name when it is complete, so what is killed leaves
    a ``.partial`` at most, which the next run writes anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.folder / name).exists()

    def read(self, name: str) -> bytes | None:
        """None where there is no such file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        """Read line by line."""
        with (self.folder / name).open("rb") as file:
            yield from file

    def create(self, name: str, data: bytes) -> bool:
        """A batch has one worker at a time here, so looking first is enough."""
        if self.exists(name):
            return False
        with self.writer(name) as file:
            file.write(data)
        return True

    @contextmanager
    def writer(self, name: str) -> Iterator[IO[bytes]]:
        """Nothing appears where the block raises."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        try:
            with partial.open("wb") as file:
                yield file
            partial.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                partial.unlink()
            raise


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None  # vanished, or a link that leads nowhere: reading says which
