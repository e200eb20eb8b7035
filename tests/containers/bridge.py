"""A way from containers to a service that listens on loopback only."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.conftest import LIMIT_S


@contextmanager
def forwarded(address: str, url: str) -> Iterator[int]:
    """A port on ``address``, the bridge's own, whose connections go on to ``url``."""
    target = urlsplit(url)
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()

    async def forward(source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(target.hostname, target.port)
        with suppress(ConnectionError):
            await asyncio.gather(_copy(source, requests), _copy(answers, back))

    async def run() -> None:
        stopped = asyncio.Event()
        try:
            server = await asyncio.start_server(forward, address, 0)
        except OSError as exc:
            ready.set_exception(exc)
            return
        port = server.sockets[0].getsockname()[1]
        ready.set_result((asyncio.get_running_loop(), stopped, port))
        await stopped.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    loop, stopped, port = ready.result(timeout=LIMIT_S)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    finally:
        target.close()
