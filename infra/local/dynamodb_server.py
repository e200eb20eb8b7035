"""A process that answers DynamoDB's API on loopback, with the engine of the package ministack.

Started by ``infra.local.dynamodb``. The engine by itself saves its state when it is shut down
gracefully, so a crash would lose what it had confirmed. Here every write is saved, by the engine's
own atomic save, before it is confirmed; writes that arrive together share one save. So this process
may be killed at any time, and is: it ends with whoever started it.
"""

import asyncio
import os
import sys
import threading
from pathlib import Path

from aiohttp import web
from ministack.core import persistence
from ministack.services import dynamodb

_SERVICE = "dynamodb"
_MAX_REQUEST_BYTES = 16 * 1024**2
"""DynamoDB's largest batch of writes."""
_READS = ("Describe", "Get", "List", "Query", "Scan", "BatchGet", "TransactGet")


class StateLost(Exception):
    """The state cannot be read or saved."""


class StateFile:
    """The engine's state on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next: asyncio.Future[None] | None = None

    def load(self) -> None:
        """Give the engine what was saved.

        Raises:
            StateLost: there is a file that it cannot read; it is left as it is.
        """
        state = persistence.load_state(_SERVICE)
        if state is None and self._path.exists():
            raise StateLost(f"{self._path} is damaged; move it away to start afresh.")
        dynamodb.load_persisted_state(state)

    async def saved(self) -> None:
        """Return once a save that began after this call is on disk.

        Raises:
            StateLost: it could not be written.
        """
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_soon(self._save)
        await asyncio.shield(self._next)

    def _save(self) -> None:
        assert self._next is not None
        waiting, self._next = self._next, None
        before = _inode(self._path)
        persistence.save_state(_SERVICE, dynamodb.get_state())
        # The engine logs a failed save instead of raising; a new file replaces the old.
        if _inode(self._path) == before:
            waiting.set_exception(StateLost(f"{self._path} could not be written."))
        else:
            waiting.set_result(None)


def application(state: StateFile) -> web.Application:
    """The HTTP side of the engine."""

    async def answer(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, answered, body = await dynamodb.handle_request(
            request.method, request.path, headers, await request.read(), {}
        )
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not action.startswith(_READS):
            await state.saved()
        return web.Response(
            status=status,
            headers=answered,
            body=body if isinstance(body, bytes) else body.encode(),
        )

    app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
    app.router.add_post("/", answer)
    return app


async def serve() -> None:
    """Answer on a free port, written to standard output as one line, until killed."""
    state = StateFile(Path(persistence.STATE_DIR) / f"{_SERVICE}.json")
    state.load()
    runner = web.AppRunner(application(state), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - the one line it says
    await asyncio.Event().wait()


def _inode(path: Path) -> int | None:
    return path.stat().st_ino if path.exists() else None


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    asyncio.run(serve())
