"""The HTTP API: request → its route's function → response."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from time import perf_counter

from aiohttp import web
from multidict import CIMultiDict

from infra.local.aws_lambda.concurrency import Invoke, Served, Throttled
from infra.local.aws_lambda.environment import MAX_PAYLOAD_BYTES, Invocation
from infra.local.http_api.cors import Cors
from infra.local.http_api.event import HttpRequest, encode_event, utc_now
from infra.local.http_api.problems import GatewayError, problem_response
from infra.local.http_api.response import decode_response
from infra.local.http_api.routing import Match, Route, match_route
from infra.local.http_api.static import content_type, find_page, page_headers

MAX_REQUEST_BYTES = 10 * 1024 * 1024
"""An HTTP API's payload limit (10 MB)."""

TIMEOUT_S = 29.0
"""What the gateway waits for a function, the queue included."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpApi:
    """The routes and CORS settings of a template's API."""

    routes: tuple[Route, ...]
    cors: Cors


@dataclass(frozen=True)
class Page:
    """The page's files, and an origin that it may ask beside its own."""

    folder: Path
    connects_to: str = ""


class Gateway:
    """The API's routes with a function behind each, and the page's files behind what is left."""

    def __init__(
        self,
        api: HttpApi,
        functions: Mapping[str, Invoke],
        page: Page,
        access: Callable[[str], None],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._api = api
        self._match = lru_cache(maxsize=256)(partial(match_route, api.routes))
        self._functions = functions
        self._web_folder = page.folder
        self._page_headers = page_headers(page.folder, page.connects_to)
        self._access = access
        self._timeout_s = timeout_s

    def application(self) -> web.Application:
        """The aiohttp application; run it with handler cancellation on and decompression off."""
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        started = perf_counter()
        by = "gateway"
        response: web.StreamResponse
        try:
            response, by = await self._answer(request, request_id)
        except GatewayError as error:
            response = _problem(error.code, request_id)
            by = error.code
        except asyncio.CancelledError:
            self._access(_line(request, "left", started, "client"))
            raise
        except Exception:  # noqa: BLE001 - the outermost edge: no connection may end unsaid
            _LOG.exception("%s %s", request.method, request.path)
            response = _problem("internal_error", request_id)
        response.headers["apigw-requestid"] = request_id
        response.headers.update(self._api.cors.headers_for(request.headers))
        self._access(_line(request, str(response.status), started, by))
        return response

    async def _answer(
        self, request: web.Request, request_id: str
    ) -> tuple[web.StreamResponse, str]:
        if self._api.cors.answers(request.method, request.headers):
            return web.Response(status=HTTPStatus.NO_CONTENT), "preflight"
        path = request.raw_path.partition("?")[0]
        match = self._match(request.method, path)
        if match is None:
            return self._page(request.method, path), "page"
        event = encode_event(await self._read(request, path), match, request_id, utc_now())
        if len(event) > MAX_PAYLOAD_BYTES:
            raise GatewayError("request_too_large")
        served = await self._invoke(match, Invocation(request_id, event))
        where = f"{served.environment_id[:6]} {'cold' if served.cold else 'warm'}"
        if served.outcome.kind != "ok":
            return _problem(served.outcome.kind, request_id), f"{where} {served.outcome.kind}"
        answer = decode_response(served.outcome.payload)
        headers = CIMultiDict(answer.headers)
        return web.Response(status=answer.status, body=answer.body, headers=headers), where

    def _page(self, method: str, path: str) -> web.FileResponse:
        file = find_page(self._web_folder, path) if method in ("GET", "HEAD") else None
        if file is None:
            raise GatewayError("route_not_found")
        # No cache, so that an edit of the page shows at once.
        headers = {"Content-Type": content_type(file), "Cache-Control": "no-cache"}
        return web.FileResponse(file, headers={**self._page_headers, **headers})

    async def _read(self, request: web.Request, path: str) -> HttpRequest:
        if (request.content_length or 0) > MAX_REQUEST_BYTES:
            raise GatewayError("request_too_large")
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge as exc:
            raise GatewayError("request_too_large") from exc
        except TimeoutError as exc:
            raise GatewayError("request_timeout") from exc
        return HttpRequest(
            method=request.method,
            path=path,
            query=request.raw_path.partition("?")[2],
            protocol=f"HTTP/{request.version.major}.{request.version.minor}",
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in request.raw_headers
            ),
            source_ip=request.remote or "",
            body=body,
        )

    async def _invoke(self, match: Match, invocation: Invocation) -> Served:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._functions[match.route.function](invocation)
        except TimeoutError as exc:
            raise GatewayError("gateway_timeout") from exc
        except Throttled as exc:
            raise GatewayError("too_many_requests") from exc


def _problem(code: str, request_id: str) -> web.Response:
    status, headers, body = problem_response(code, request_id)
    return web.Response(status=status, headers=headers, body=body)


def _line(request: web.Request, status: str, started: float, by: str) -> str:
    elapsed_ms = (perf_counter() - started) * 1000
    path = request.raw_path.partition("?")[0]
    return f"{request.method} {path} {status} {elapsed_ms:.0f} ms {by}"
