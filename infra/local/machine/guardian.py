"""Ends the environments and the stand-in when the gateway is gone, even by SIGKILL.

A small process that reads, on its standard input, which sessions run. When that pipe closes,
for whatever reason, it ends those that still run. Works where there is no ``PR_SET_PDEATHSIG``,
and for the emulator's grandchildren too.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from infra.local.machine.processes import kill_sessions

_ROOT = Path(__file__).parents[3]
_MAY_SAVE = "~"


class Guardian:
    """The gateway's end; a context manager around the life of all it starts."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            cwd=_ROOT,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def watch(self, leader: int, *, may_save: bool = False) -> None:
        """Kill the session led by that process if the gateway goes.

        One that ``may_save`` gets SIGTERM instead, once the others are gone.
        """
        self._write(f"{_MAY_SAVE if may_save else '+'}{leader}\n")

    def release(self, leader: int) -> None:
        """The session has ended; its number may be used again by others."""
        self._write(f"-{leader}\n")

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it was killed; the gateway cleans up itself
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def main() -> None:
    """Read until the pipe closes, then end what is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: dict[int, str] = {}
    for line in sys.stdin:
        leader = int(line[1:])
        if line[0] == "-":
            running.pop(leader, None)
        else:
            running[leader] = line[0]
    saving = {leader for leader, sign in running.items() if sign == _MAY_SAVE}
    kill_sessions(running.keys() - saving)
    for leader in saving:
        with suppress(ProcessLookupError):
            os.kill(leader, signal.SIGTERM)


if __name__ == "__main__":
    main()
