"""A process that answers DynamoDB's API on loopback, with the engine of the package ministack.

Started by ``infra.local.dynamodb``. The engine by itself saves its state only when it is shut down
gracefully; a crash would lose what it had confirmed. Here every write is on disk before it is
confirmed, and writes that arrive together share one save, so this process may be killed at any
time, and is: it ends with whoever started it. A save writes everything: 5 ms per 1000 answers.
"""

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO

from aiohttp import web
from ministack.core import persistence  # type: ignore[import-untyped]
from ministack.core.responses import AccountRegionScopedDict  # type: ignore[import-untyped]
from ministack.services import dynamodb  # type: ignore[import-untyped]

_SERVICE = "dynamodb"
_MAX_REQUEST_BYTES = 16 * 1024**2
"""DynamoDB's largest batch of writes."""
_CLAIM_LIMIT_S = 2.0
_READS = ("Describe", "Get", "List", "Query", "Scan", "BatchGet", "TransactGet")


class StateLost(Exception):
    """The state cannot be had, read or saved."""


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
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_text(_snapshot(), "utf-8")
            partial.replace(self._path)
        except OSError as exc:
            waiting.set_exception(StateLost(f"{self._path} could not be written: {exc.strerror}."))
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


def _snapshot() -> str:
    """The engine's state in the form its own ``load_state`` reads.

    Its ``get_state`` and ``save_state`` copy everything first and encode it in Python: 60 ms per
    1000 answers.
    """
    tables = AccountRegionScopedDict()
    for (account, region, name), table in dynamodb._tables.all_items():  # noqa: SLF001
        kept = {key: value for key, value in table.items() if key != dynamodb._INDEX_MEMBERS}  # noqa: SLF001
        tables.set_scoped(account, region, name, kept)
    payload = {
        "tables": tables,
        "ttl_settings": dynamodb._ttl_settings,  # noqa: SLF001
        "pitr_settings": dynamodb._pitr_settings,  # noqa: SLF001
    }
    version = persistence._state_format_version(_SERVICE)  # noqa: SLF001
    state = {"__ministack_format__": version, "payload": payload}
    return json.dumps(state, default=persistence._json_default)  # noqa: SLF001


def _claim(folder: Path) -> IO[bytes]:
    """Keep other stand-ins away from ``folder`` while the result is open.

    Raises:
        StateLost: another one has it, and keeps it.
    """
    file = (folder / "lock").open("wb")
    if sys.platform == "win32":  # no such lock there
        return file
    import fcntl  # noqa: PLC0415 - not on Windows

    # One that has just lost its parent may need a moment to end.
    deadline_s = time.monotonic() + _CLAIM_LIMIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if time.monotonic() > deadline_s:
                raise StateLost(f"{folder} is in use by another run.") from exc
            time.sleep(0.05)
        else:
            return file


def _end_with_the_parent() -> None:
    # Not sys.stdin: a thread that waits in it cannot be left behind when the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    """Serve until killed, or until the parent is gone."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        with _claim(Path(persistence.STATE_DIR)):
            asyncio.run(serve())
    except StateLost as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
