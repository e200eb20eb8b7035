"""Lines that environments write: taken from pipes, kept in one file per function."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

_CHUNK_BYTES = 65_536
_MAX_LINE_BYTES = 262_144
"""CloudWatch's limit for one event (256 KB); longer lines are cut there."""


async def pump_lines(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    """Hand every line of ``stream`` to ``take``, to its end; what is not UTF-8 is replaced."""
    partial = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        *lines, partial = (partial + chunk).split(b"\n")
        if len(partial) > _MAX_LINE_BYTES:
            lines, partial = [*lines, partial], b""
        for line in lines:
            take(line.decode("utf-8", "replace").rstrip("\r"))
    if partial:
        take(partial.decode("utf-8", "replace"))


class FunctionLog:
    """A function's log file, appended to; ``echo`` also gets every line."""

    def __init__(self, path: Path, echo: Callable[[str], None] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._echo = echo

    def write(self, line: str) -> None:
        """Append one line."""
        self._file.write(f"{line}\n")
        if self._echo:
            self._echo(line)

    def tail(self, count: int) -> list[str]:
        """The last ``count`` lines of the file."""
        with self.path.open(encoding="utf-8") as file:
            return [line.rstrip("\n") for line in deque(file, count)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
