"""Photos in a ``.zip``, read where they are."""

import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from serving.collection import (
    Photo,
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    SourceUnavailable,
)

# Damaged data by the first three; zipfile has only RuntimeError for a file with a password, and its
# kind NotImplementedError for a method of compression that it does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


class ZipPhotos:
    """The files of an archive; keys are their names in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def list(self) -> Iterator[Photo]:
        """Every file once, in order of the names' bytes.

        Raises:
            SourceUnavailable: this is no archive, or a damaged one.
        """
        try:
            sizes = {info.filename: info.file_size for info in self._archive.infolist()}
        except (OSError, zipfile.BadZipFile) as exc:
            raise SourceUnavailable(f"{self.path} cannot be read: {exc}.") from exc
        for name in sorted(sizes, key=lambda name: name.encode("utf-8", "surrogateescape")):
            yield Photo(name, sizes[name])

    def read(self, key: str, max_bytes: int) -> bytes:
        """The file's bytes, unpacked.

        Raises:
            PhotoMissing, PhotoTooLarge, PhotoUnreadable
        """
        try:
            with self._archive.open(key) as file:
                data = file.read(max_bytes + 1)
        except KeyError as exc:
            raise PhotoMissing("The archive no longer has the file.") from exc
        except _UNREADABLE as exc:
            raise PhotoUnreadable(f"The archive does not give the file out: {exc}.") from exc
        if len(data) > max_bytes:
            raise PhotoTooLarge(f"The file has more than {max_bytes:,} bytes.")
        return data

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)
