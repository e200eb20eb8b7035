"""The HTTP application around a function's routes; gives every error its status.

``create_app`` gives each response a request id, the environment that answered and headers that keep
browsers from running it, turns every error into RFC 9457 ``application/problem+json``, and hands
each request's record to the telemetry.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import errors
from serving.docs import create_documented_app
from serving.errors import ServiceError
from serving.problem import problem_of, unforeseen
from serving.telemetry import Record, ServingEnvironment, Telemetry

PROBLEM_JSON = "application/problem+json"

ErrorForm = Callable[[Record, ServiceError], Response]
"""How an error is told; a route whose clients know another form than the problem has its own."""

UNKNOWN_PATHS = "/{unknown+}"
"""How the API's route for every path that no other route names ends."""

# An answer is data, also where a browser shows it; only the documentation states more.
DATA_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


class InvalidParameter(errors.UnprocessableContent):
    """A parameter or field is missing, or out of its range."""

    code = "invalid_parameter"


def create_app(  # noqa: PLR0913, PLR0917  # everything that an app consists of
    title: str,
    base_path: str,
    router: APIRouter,
    environment: ServingEnvironment,
    telemetry: Telemetry,
    docs_path: str | None = None,
    error_form: ErrorForm | None = None,
) -> "RequestEdge":
    """The function's ASGI app: ``router`` below ``base_path``, and so is its documentation unless
    ``docs_path`` names another place; errors (as problems, or in ``error_form``), ids and records
    around it.
    """
    app = create_documented_app(title, base_path if docs_path is None else docs_path)
    app.state.error_form = error_form or problem
    app.include_router(router, prefix=base_path, dependencies=[Depends(_routed)])
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)
    return RequestEdge(app, environment, telemetry)


class RequestEdge:
    """Outermost edge: whatever happens inside, the caller gets an answer and the log a line."""

    def __init__(self, app: ASGIApp, environment: ServingEnvironment, telemetry: Telemetry) -> None:
        self._app = app
        self._environment = environment
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request (ASGI); a server's lifespan messages pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        record = Record(
            request_id=_request_id(scope),
            subject={"method": scope["method"], "path": scope["path"]},
            cold_start=self._environment.begin_request(),
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        scope.setdefault("state", {})["record"] = record
        headers = {
            "x-request-id": record.request_id,
            "x-environment-id": self._environment.id,
            "x-cold-start": "true" if record.cold_start else "false",
        }

        async def send_with_ids(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = status = int(message["status"])
                record.failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
                stated = MutableHeaders(scope=message)
                stated.update(headers)
                if timing := server_timing(record.measures):
                    stated["server-timing"] = timing
                for name, value in DATA_HEADERS.items():
                    stated.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_ids)
        except Exception as error:  # noqa: BLE001  # outermost edge: Starlette answers by _unexpected_error, then raises it again
            self._telemetry.crash(record, error)
        record.duration_ms = (time.perf_counter() - began_s) * 1000
        self._telemetry.note(record)


def record_of(request: Request) -> Record:
    """The record of the request at hand."""
    record: Record = request.state.record
    return record


def server_timing(measures: Mapping[str, float]) -> str:
    """What of ``measures`` is a time, as the header ``Server-Timing`` (W3C) gives it."""
    times = {name: value for name, value in measures.items() if name.endswith("_ms")}
    return ", ".join(f"{name.removesuffix('_ms')};dur={ms:.1f}" for name, ms in times.items())


async def _routed(request: Request) -> None:
    """Refuse what API Gateway found no route for: its route for the rest has no authorizer, so a
    path that only the app would read as one of its own must not be answered.
    """
    event = request.scope.get("aws.event", {})
    if event.get("routeKey", "").endswith(UNKNOWN_PATHS):
        raise _not_found(request)


def answer_errors_with(request: Request, form: ErrorForm) -> None:
    """From here on, errors of ``request`` are answered in ``form`` instead of as a problem."""
    request.state.error_form = form


def _answer(request: Request, error: ServiceError) -> Response:
    """The answer that tells a caller of ``error``."""
    record = record_of(request)
    record.code = error.code
    form: ErrorForm = getattr(request.state, "error_form", request.app.state.error_form)
    return form(record, error)


def problem(record: Record, error: ServiceError) -> Response:
    """RFC 9457, in which every error is told that has no form of its own."""
    headers = {}
    if isinstance(error, errors.Unavailable):
        headers["retry-after"] = str(error.retry_after_s)
    body = problem_of(error, record.request_id)
    return JSONResponse(
        body.model_dump(), status_code=body.status, headers=headers, media_type=PROBLEM_JSON
    )


async def _service_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ServiceError)
    return _answer(request, exc)


async def _validation_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _answer(request, InvalidParameter(f"{where}: {first['msg']}."))


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if exc.status_code == HTTPStatus.NOT_FOUND:
        return _answer(request, _not_found(request))
    if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        address = f"{request.method} {request.url.path}"
        response = _answer(
            request, errors.MethodNotAllowed(f"{address}: this method is not allowed.")
        )
        response.headers.update(exc.headers or {})
        return response
    return _answer(request, errors.InvalidRequest(exc.detail))


def _not_found(request: Request) -> errors.NotFound:
    return errors.NotFound(f"There is nothing at {request.method} {request.url.path}.")


async def _unexpected_error(request: Request, _exc: Exception) -> Response:
    return _answer(request, unforeseen())


def _request_id(scope: Scope) -> str:
    context = scope.get("aws.context")
    return context.aws_request_id if context else str(uuid.uuid4())
