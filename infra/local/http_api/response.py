"""What a function returned → the HTTP response an HTTP API makes of it (payload format 2.0)."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from infra.local.http_api.problems import GatewayError

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUS_END = 600
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The gateway's own connection decides these (RFC 9110, §7.6.1; RFC 9112, §6).
_NOT_FORWARDED = frozenset(
    {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True)
class HttpResponse:
    """What goes out; a name may repeat in ``headers`` (cookies)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def decode_response(payload: bytes) -> HttpResponse:
    """The JSON a function returned → a response; a bare value is a 200 with it as JSON.

    Raises:
        GatewayError: ``bad_function_response``, when an HTTP API could not send it.
    """
    try:
        result = json.loads(payload)
        if isinstance(result, dict) and "statusCode" in result:
            return HttpResponse(_status(result), tuple(_headers(result)), _body(result))
    except (ValueError, TypeError, AttributeError, binascii.Error) as exc:
        raise GatewayError("bad_function_response") from exc
    body = result.encode("utf-8", "replace") if isinstance(result, str) else payload
    return HttpResponse(200, (("content-type", "application/json"),), body)


def _status(result: dict[str, Any]) -> int:
    status = int(result["statusCode"])
    if not HTTPStatus.OK <= status < _STATUS_END:
        raise ValueError(f"no final status: {status}")
    return status


def _headers(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    headers = {
        name.lower(): value if isinstance(value, str) else json.dumps(value)
        for name, value in (result.get("headers") or {}).items()
    }
    headers.setdefault("content-type", "application/json")
    yield from (_checked(name, headers[name]) for name in headers if name not in _NOT_FORWARDED)
    for cookie in result.get("cookies") or ():
        yield _checked("set-cookie", cookie)


def _checked(name: str, value: str) -> tuple[str, str]:
    if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise ValueError(f"not a header: {name!r}")
    value.encode("utf-8")
    return name, value


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        body = json.dumps(body)
    if result.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    return bytes(body, "utf-8")
