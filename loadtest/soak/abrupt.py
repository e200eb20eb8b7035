"""Clients that do not keep to HTTP, or leave in the middle of it."""

import asyncio
import uuid

from yarl import URL

KINDS = ("upload cut off", "left before the answer", "header cut off", "not HTTP")
_ANSWER_LIMIT_S = 10.0
_STAY_S = 0.02


class NotRefused(Exception):
    """Something that is no request was not answered with 400."""


async def send_abruptly(url: URL, kind: str, photo: bytes) -> None:
    """Send part of an upload of ``photo``, or something else, and go.

    Raises:
        NotRefused: what is no HTTP was answered with something else than 400.
        OSError: the service took no connection, or did not answer what is no HTTP.
    """
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: image/jpeg\r\n"
    request = f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo
    part = {
        "upload cut off": request[: -len(photo) // 2],
        "left before the answer": request,
        "header cut off": head.encode(),
        "not HTTP": f"{uuid.uuid4()}\r\n\r\n".encode(),
    }[kind]
    try:
        writer.write(part)
        await writer.drain()
        if kind == "not HTTP":
            status_line = await asyncio.wait_for(reader.readline(), _ANSWER_LIMIT_S)
            if b" 400 " not in status_line:
                raise NotRefused(status_line)
        else:
            await asyncio.sleep(_STAY_S)
    finally:
        writer.transport.abort()
