"""Runs inside a worker process: imports the handler, then answers one event after the other.

Started by path, so it imports the standard library only. Frames both ways: one line of JSON that
says how many bytes follow, then these. What awslambdaric does to handlers, this does: the same
context, the same form of error, prints kept apart from answers.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class LambdaContext:
    """Lambda's context object, as far as its documentation promises it."""

    aws_request_id: str
    deadline_ms: int

    def __getattr__(self, name: str) -> str:
        variable = {
            "function_name": "AWS_LAMBDA_FUNCTION_NAME",
            "function_version": "AWS_LAMBDA_FUNCTION_VERSION",
            "memory_limit_in_mb": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "log_group_name": "AWS_LAMBDA_LOG_GROUP_NAME",
            "log_stream_name": "AWS_LAMBDA_LOG_STREAM_NAME",
        }.get(name)
        if variable is None:
            raise AttributeError(name)
        return os.environ.get(variable, "")

    @property
    def invoked_function_arn(self) -> str:
        """The function's name where its ARN would be."""
        region = os.environ.get("AWS_REGION", "")
        return f"arn:aws:lambda:{region}:012345678912:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out, not below 0."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


def main(handler_name: str) -> None:
    """Initialise, then serve until the pipe closes."""
    events, answers = _private_pipes()
    try:
        handler = _load(handler_name)
    except Exception:  # noqa: BLE001 - a module may raise anything
        traceback.print_exc()
        _write(answers, {"kind": "failed"}, b"")
        return
    _write(answers, {"kind": "initialized"}, b"")
    while line := events.readline():
        header = json.loads(line)
        event = json.loads(events.read(header["bytes"]))
        _write(answers, *_answer(handler, event, header))


def _load(handler_name: str) -> Handler:
    module, _, function = handler_name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return handler


def _answer(handler: Handler, event: object, header: Any) -> tuple[dict[str, object], bytes]:
    request_id = header["request_id"]
    try:
        result = handler(event, LambdaContext(request_id, header["deadline_ms"]))
        return {"kind": "ok"}, json.dumps(result).encode()
    except Exception as error:  # noqa: BLE001 - and so may a handler
        traceback.print_exc()
        body = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        return {"kind": "function_error"}, json.dumps(body).encode()


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Pipes to the gateway that no print, not even a C library's, can reach."""
    events, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events, answers


def _write(answers: IO[bytes], header: dict[str, object], payload: bytes) -> None:
    answers.write(json.dumps(header | {"bytes": len(payload)}).encode() + b"\n" + payload)
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
