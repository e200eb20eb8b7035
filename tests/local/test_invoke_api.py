"""Lambda's Invoke API, over functions that are not there."""

import asyncio
import json
from pathlib import Path

import pytest

from infra.local.aws_lambda.concurrency import RunningFunction, Served, Throttled
from infra.local.aws_lambda.environment import MAX_PAYLOAD_BYTES, Invocation, Outcome
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.aws_lambda.invoke_api import MAX_EVENT_BYTES, ApiError, InvokeApi


class FakeFunction:
    """Ends invocations as planned, and with ``ok`` from then on."""

    def __init__(self, *ends: str) -> None:
        self.ends = list(ends)
        self.events: list[bytes] = []
        self.lines: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.running = self.most_running = 0

    async def invoke(self, invocation: Invocation) -> Served:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.gate.wait()
        self.running -= 1
        self.events.append(invocation.event)
        end = self.ends.pop(0) if self.ends else "ok"
        if end == "throttled":
            raise Throttled
        return Served(Outcome(end, b'"answer"', 1.0), "e0", cold=False)

    def write(self, line: str) -> None:
        self.lines.append(line)


def api(function: FakeFunction, queue: int = 2) -> InvokeApi:
    spec = FunctionSpec("F", "h", Path(), 128, 3, {}, 0, None)
    running = RunningFunction(spec, function.invoke, 1, function)
    return InvokeApi({"F": running}, queue, retry_pauses_s=(0, 0))


def call(function: FakeFunction, name="F", invocation_type="RequestResponse", body=b"{}"):
    return asyncio.run(api(function).call(name, invocation_type, body, "r1"))


def refusal(function: FakeFunction, **request: object) -> str:
    with pytest.raises(ApiError) as caught:
        call(function, **request)
    assert function.events == []
    return caught.value.code


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "name",
    [
        "F",
        "F:live",
        "F:$LATEST",
        "123456789012:function:F",
        "arn:aws:lambda:us-east-1:123456789012:function:F",
        "arn:aws:lambda:us-east-1:123456789012:function:F:7",
    ],
)
def test_a_function_is_found_by_each_form_of_its_name(name: str):
    reply = call(FakeFunction(), name)

    assert (reply.status, reply.body) == (200, b'"answer"')
    assert reply.headers == {"X-Amz-Executed-Version": "$LATEST"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("G", "ResourceNotFoundException"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:F", "ResourceNotFoundException"),
        ("999999999999:function:F", "ResourceNotFoundException"),
        ("F G", "InvalidParameterValueException"),
    ],
)
def test_no_other_name_runs_anything(name: str, code: str):
    assert refusal(FakeFunction(), name=name) == code


def test_a_body_that_is_missing_is_an_empty_event():
    function = FakeFunction()
    call(function, body=b"")

    assert function.events == [b"{}"]


def test_a_body_that_is_not_json_is_refused():
    assert refusal(FakeFunction(), body=b"{") == "InvalidRequestContentException"


@pytest.mark.parametrize(
    ("invocation_type", "limit"),
    [("RequestResponse", MAX_PAYLOAD_BYTES), ("Event", MAX_EVENT_BYTES)],
)
def test_a_body_above_the_limit_is_refused(invocation_type: str, limit: int):
    function = FakeFunction()
    body = b'"' + b"x" * (limit - 2) + b'"'

    assert call(function, invocation_type=invocation_type, body=body).status in (200, 202)
    code = refusal(FakeFunction(), invocation_type=invocation_type, body=body + b" ")
    assert code == "RequestTooLargeException"


def test_an_unknown_invocation_type_is_refused():
    assert refusal(FakeFunction(), invocation_type="Soon") == "InvalidParameterValueException"


def test_a_dry_run_runs_nothing():
    function = FakeFunction()

    assert call(function, invocation_type="DryRun").status == 204
    assert function.events == []


def test_throttling_is_said_as_such():
    with pytest.raises(ApiError) as caught:
        call(FakeFunction("throttled"))

    assert caught.value.code == "TooManyRequestsException"


@pytest.mark.parametrize(
    ("end", "error_type"),
    [
        ("function_crashed", "Runtime.ExitError"),
        ("init_failed", "Runtime.ExitError"),
        ("function_timeout", "Sandbox.Timedout"),
        ("init_timeout", "Sandbox.Timedout"),
        ("response_too_large", "Function.ResponseSizeTooLarge"),
    ],
)
def test_a_failure_is_an_unhandled_function_error(end: str, error_type: str):
    reply = call(FakeFunction(end))

    assert reply.status == 200
    assert reply.headers["X-Amz-Function-Error"] == "Unhandled"
    error = json.loads(reply.body)
    assert error["errorType"] == error_type
    assert error["errorMessage"].startswith("RequestId: r1 Error: ")


def test_an_error_of_the_handlers_keeps_its_own_words():
    reply = call(FakeFunction("function_error"))

    assert reply.headers["X-Amz-Function-Error"] == "Unhandled"
    assert reply.body == b'"answer"'


def test_an_event_is_accepted_at_once_and_run_afterwards():
    async def scenario() -> None:
        function = FakeFunction()
        service = api(function)

        reply = await service.call("F", "Event", b'{"a": 1}', "r1")

        assert (reply.status, reply.body, function.events) == (202, b"", [])
        await settle()
        assert function.events == [b'{"a": 1}']

    asyncio.run(scenario())


def test_events_beyond_the_queue_are_throttled_and_the_others_run_in_turn():
    async def scenario() -> None:
        function = FakeFunction()
        function.gate.clear()
        service = api(function, queue=2)
        await service.call("F", "Event", b"1", "r1")
        await service.call("F", "Event", b"2", "r2")
        with pytest.raises(ApiError, match="Rate Exceeded"):
            await service.call("F", "Event", b"3", "r3")
        function.gate.set()
        await settle()
        assert function.events == [b"1", b"2"]
        assert function.most_running == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("ends", "runs", "dropped"),
    [
        (["function_error"], 2, False),
        (["function_crashed", "function_error"], 3, False),
        (["function_error"] * 3, 3, True),
    ],
)
def test_a_failed_event_is_run_twice_more_and_then_dropped_with_a_word(ends, runs, dropped):
    async def scenario() -> None:
        function = FakeFunction(*ends)
        await api(function).call("F", "Event", b"{}", "r1")
        await settle()
        assert len(function.events) == runs
        assert function.lines == (
            ["r1 event dropped after 3 failed invocations"] if dropped else []
        )

    asyncio.run(scenario())


def test_stopping_drops_what_waits():
    async def scenario() -> None:
        function = FakeFunction()
        function.gate.clear()
        service = api(function)
        await service.call("F", "Event", b"1", "r1")
        await settle()
        await service.stop()
        function.gate.set()
        await settle()
        assert function.events == []

    asyncio.run(scenario())
