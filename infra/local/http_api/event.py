"""An HTTP request → the event a function gets: API Gateway's payload format 2.0.

Source: Amazon API Gateway, *Create AWS Lambda proxy integrations for HTTP APIs*.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

import pybase64

from infra.local.account import ACCOUNT
from infra.local.http_api.routing import Match, Route, match_route

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in; ``path`` and ``query`` still percent-encoded."""

    method: str
    path: str
    query: str
    protocol: str
    headers: tuple[tuple[str, str], ...]
    source_ip: str
    body: bytes


def encode_event(request: HttpRequest, match: Match, request_id: str, now: datetime) -> bytes:
    """The event as JSON bytes; bodies that are not text are base64, as on an HTTP API."""
    headers, cookies = _headers(request.headers)
    host = headers.get("host", "")
    headers |= {
        "x-amzn-trace-id": _trace_id(now, request_id),
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": host.rpartition(":")[2] if ":" in host else "80",
        "x-forwarded-proto": "http",
    }
    event: dict[str, object] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host.partition(":")[0],
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": unquote(request.path),
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        pairs = parse_qsl(request.query, keep_blank_values=True)
        event["queryStringParameters"] = _joined(pairs)
    if match.path_parameters:
        event["pathParameters"] = match.path_parameters
    return _with_body(event, request.body, headers.get("content-type", ""))


def warm_up_event(
    routes: Iterable[Route], function: str, health_path: str | None, now: datetime
) -> bytes:
    """What a provisioned environment is initialised with: ``GET health_path`` where that is the
    function's own, else the event of an invocation without a payload.
    """
    match = match_route(routes, "GET", health_path) if health_path else None
    if health_path is None or match is None or match.route.function != function:
        return b"{}"
    request = HttpRequest("GET", health_path, "", "HTTP/1.1", (), "127.0.0.1", b"")
    return encode_event(request, match, str(uuid.uuid4()), now)


def _with_body(event: dict[str, object], body: bytes, content_type: str) -> bytes:
    if not body:
        return json.dumps(event | {"isBase64Encoded": False}).encode()
    if _is_text(content_type):
        try:
            return json.dumps(
                event | {"body": body.decode("utf-8"), "isBase64Encoded": False}
            ).encode()
        except UnicodeDecodeError:
            pass
    # Base64 needs no escaping, so megabytes of it need not pass through the JSON encoder.
    head = json.dumps(event | {"isBase64Encoded": True}).encode()
    return b"".join((head[:-1], b', "body": "', pybase64.b64encode(body), b'"}'))


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return (
        media_type.startswith("text/")
        or media_type in _TEXT_TYPES
        or media_type.endswith(("+json", "+xml"))
    )


def _headers(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    lowered = [(name.lower(), value) for name, value in pairs]
    cookies = [
        cookie.strip()
        for name, value in lowered
        if name == "cookie"
        for cookie in value.split(";")
        if cookie.strip()
    ]
    return _joined((name, value) for name, value in lowered if name != "cookie"), cookies


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _trace_id(now: datetime, request_id: str) -> str:
    return f"Root=1-{int(now.timestamp()):08x}-{request_id.replace('-', '')[:24]}"


def utc_now() -> datetime:
    """The clock of everything that is stamped with a time of day."""
    return datetime.now(UTC)
