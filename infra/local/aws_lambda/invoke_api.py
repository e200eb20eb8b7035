"""Lambda's Invoke API: ``POST /2015-03-31/functions/NAME/invocations``, as SDKs and CLI call it.

One version of each function runs here, so any qualifier means that one. A failure is always
``Unhandled``: ``Handled`` is of runtimes that Lambda no longer has. Not here: log tails, client
contexts and response streams.
Sources: AWS Lambda API Reference, *Invoke*; Developer Guide, *How Lambda handles errors and retries
with asynchronous invocation*.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from infra.local.account import ACCOUNT, REGION, function_arn
from infra.local.aws_lambda.concurrency import Invoke, RunningFunction, Throttled
from infra.local.aws_lambda.environment import (
    MAX_PAYLOAD_BYTES,
    Invocation,
    Outcome,
    OutcomeKind,
)

MAX_EVENT_BYTES = 1024 * 1024
"""Lambda's limit for an asynchronous invocation's event (1 MB)."""

RETRY_PAUSES_S = (60.0, 120.0)
"""What Lambda waits before it runs a failed asynchronous invocation again, twice."""

_THROTTLED_PAUSE_S = 1.0
_CHUNK_BYTES = 65_536
_MAX_DROPPED_BYTES = 10 * MAX_PAYLOAD_BYTES
_VERSION = "$LATEST"
_PATH = "/2015-03-31/functions/{name}/invocations"
_NAME = re.compile(
    r"(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
_STATUS = {
    "AccessDeniedException": HTTPStatus.FORBIDDEN,
    "InvalidParameterValueException": HTTPStatus.BAD_REQUEST,
    "InvalidRequestContentException": HTTPStatus.BAD_REQUEST,
    "ResourceNotFoundException": HTTPStatus.NOT_FOUND,
    "RequestTooLargeException": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "TooManyRequestsException": HTTPStatus.TOO_MANY_REQUESTS,
}
_FAILURES: dict[OutcomeKind, tuple[str, str]] = {
    "function_crashed": ("Runtime.ExitError", "Runtime exited before it answered"),
    "init_failed": ("Runtime.ExitError", "Runtime exited while it was initialised"),
    "function_timeout": ("Sandbox.Timedout", "Task timed out after {timeout_s:.2f} seconds"),
    "init_timeout": ("Sandbox.Timedout", "The function was not initialised in time"),
    "response_too_large": (
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)",
    ),
}


@dataclass(frozen=True)
class Reply:
    """An HTTP response of the API's."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """The API refuses a request; ``code`` is one of its exceptions' names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InvokeApi:
    """Invocations of functions by name; at most ``queue`` events of each function wait."""

    def __init__(
        self,
        functions: Mapping[str, RunningFunction],
        queue: int,
        retry_pauses_s: Sequence[float] = RETRY_PAUSES_S,
    ) -> None:
        self._functions = functions
        self._queue = queue
        self._pauses_s = retry_pauses_s
        self._events: dict[str, set[asyncio.Task[None]]] = {name: set() for name in functions}
        self._slots = {
            name: asyncio.Semaphore(function.environments) for name, function in functions.items()
        }

    def application(self) -> web.Application:
        """The aiohttp application; run it with handler cancellation on and decompression off."""
        app = web.Application()
        app.router.add_post(_PATH, self._handle)
        return app

    async def stop(self) -> None:
        """Drop the events that have not been run to their end."""
        tasks = [task for waiting in self._events.values() for task in waiting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def call(self, name: str, invocation_type: str, body: bytes, request_id: str) -> Reply:
        """Invoke; a function's own failure is a reply with ``X-Amz-Function-Error``.

        Raises:
            ApiError: the request was refused; no function ran.
        """
        function = self._resolve(name)
        _check_payload(body, invocation_type)
        invocation = Invocation(request_id, body or b"{}")
        if invocation_type == "DryRun":
            return Reply(HTTPStatus.NO_CONTENT)
        if invocation_type == "Event":
            self._enqueue(function, invocation)
            return Reply(HTTPStatus.ACCEPTED)
        try:
            served = await function.invoke(invocation)
        except Throttled as exc:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.") from exc
        headers = {"X-Amz-Executed-Version": _VERSION}
        if served.outcome.kind != "ok":
            headers["X-Amz-Function-Error"] = "Unhandled"
        payload = _payload(served.outcome, function.spec.timeout_s, request_id)
        return Reply(HTTPStatus.OK, payload, headers)

    async def _handle(self, request: web.Request) -> web.Response:
        request_id = str(uuid.uuid4())
        try:
            _check_client(request.headers)
            reply = await self.call(
                request.match_info["name"],
                request.headers.get("X-Amz-Invocation-Type", "RequestResponse"),
                await _read(request),
                request_id,
            )
        except ApiError as error:
            reply = _refusal(error)
        headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/json"}
        return web.Response(
            status=reply.status, body=reply.body, headers={**headers, **reply.headers}
        )

    def _resolve(self, name: str) -> RunningFunction:
        match = _NAME.fullmatch(name)
        if match is None:
            raise ApiError("InvalidParameterValueException", f"{name!r} names no function.")
        here = match["region"] in (None, REGION) and match["account"] in (None, ACCOUNT)
        function = self._functions.get(match["name"])
        if function is None or not here:
            message = f"Function not found: {function_arn(match['name'])}"
            raise ApiError("ResourceNotFoundException", message)
        return function

    def _enqueue(self, function: RunningFunction, invocation: Invocation) -> None:
        waiting = self._events[function.spec.name]
        if len(waiting) >= self._queue:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.")
        task = asyncio.create_task(self._run_event(function, invocation))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    async def _run_event(self, function: RunningFunction, invocation: Invocation) -> None:
        for pause_s in (*self._pauses_s, None):
            async with self._slots[function.spec.name]:
                outcome = await _invoke_when_free(function.invoke, invocation)
            if outcome.kind == "ok":
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        tries = len(self._pauses_s) + 1
        function.log.write(
            f"{invocation.request_id} event dropped after {tries} failed invocations"
        )


async def _invoke_when_free(invoke: Invoke, invocation: Invocation) -> Outcome:
    while True:
        try:
            return (await invoke(invocation)).outcome
        except Throttled:
            await asyncio.sleep(_THROTTLED_PAUSE_S)


def _check_payload(body: bytes, invocation_type: str) -> None:
    if invocation_type not in ("RequestResponse", "Event", "DryRun"):
        raise ApiError("InvalidParameterValueException", f"No invocation type: {invocation_type!r}")
    limit = MAX_EVENT_BYTES if invocation_type == "Event" else MAX_PAYLOAD_BYTES
    if len(body) > limit:
        raise ApiError("RequestTooLargeException", f"Request must be smaller than {limit} bytes.")
    try:
        json.loads(body or b"{}")
    except ValueError as exc:
        message = f"Could not parse request body into json: {exc}"
        raise ApiError("InvalidRequestContentException", message) from exc


def _payload(outcome: Outcome, timeout_s: int, request_id: str) -> bytes:
    if outcome.kind in ("ok", "function_error"):
        return outcome.payload
    error_type, text = _FAILURES[outcome.kind]
    message = f"RequestId: {request_id} Error: {text.format(timeout_s=timeout_s)}"
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _refusal(error: ApiError) -> Reply:
    headers = {"x-amzn-ErrorType": error.code}
    if error.code == "TooManyRequestsException":
        headers["Retry-After"] = "1"
    body = {"Type": "User", "message": str(error)}
    return Reply(_STATUS[error.code], json.dumps(body).encode(), headers)


def _check_client(headers: Mapping[str, str]) -> None:
    # Browsers name the page's origin, SDKs and the CLI have none. Functions here can write files.
    if "Origin" in headers:
        raise ApiError("AccessDeniedException", "A page in a browser may invoke no function.")


async def _read(request: web.Request) -> bytes:
    """The body, as far as ``_check_payload`` needs it; more is read and dropped, as a client that
    still sends would meet a closed connection in place of its refusal.
    """
    body, size = bytearray(), 0
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if len(body) <= MAX_PAYLOAD_BYTES:
            body += chunk
        if size > _MAX_DROPPED_BYTES:
            break
    return bytes(body)
