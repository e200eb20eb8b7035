"""Lambda's Invoke API as AWS's own client speaks it, over real environments."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

EVENT = {"rawPath": "/v1/echo"}


def client_of(toy: Any) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=toy.lambda_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


async def invoke(toy: Any, event: object = EVENT, name: str = "EchoFunction", **more: Any) -> Any:
    """The client's response, its payload read as JSON."""

    def call() -> Any:
        response = client_of(toy).invoke(FunctionName=name, Payload=json.dumps(event), **more)
        body = response["Payload"].read()
        return response | {"Payload": json.loads(body) if body else None}

    return await asyncio.to_thread(call)


async def refusal(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        await call()
    return caught.value.response


def test_a_client_gets_what_the_function_returned(run_cloud):
    async def scenario(toy) -> None:
        arn = "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction:live"
        for name in ("EchoFunction", arn):
            response = await invoke(toy, {"rawPath": "/v1/bare"}, name)
            assert response["StatusCode"] == 200
            assert response["ExecutedVersion"] == "$LATEST"
            assert response["Payload"] == {"a": [1, "ü"]}
            assert "FunctionError" not in response
        assert [report["cold"] for report in toy.reports()] == [True, False]
        assert "REPORT RequestId" in toy.log()

    run_cloud(scenario)


@pytest.mark.parametrize(
    ("event", "name", "error_type"),
    [
        ({"rawPath": "/v1/raise"}, "EchoFunction", "ValueError"),
        ({"rawPath": "/v1/exit"}, "EchoFunction", "Runtime.ExitError"),
        ({"rawPath": "/v1/child"}, "EchoFunction", "Sandbox.Timedout"),
        ({"rawPath": "/v1/big"}, "EchoFunction", "Function.ResponseSizeTooLarge"),
        ({}, "BrokenFunction", "Runtime.ExitError"),
    ],
)
def test_a_client_is_told_that_the_function_failed(run_cloud, event, name, error_type):
    async def scenario(toy) -> None:
        response = await invoke(toy, event, name)
        assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
        assert response["Payload"]["errorType"] == error_type
        assert response["Payload"]["errorMessage"]

    run_cloud(scenario, parameters={"Timeout": "3"} if "Timedout" in error_type else None)


def test_a_client_meets_lambdas_own_exceptions(run_cloud):
    async def scenario(toy) -> None:
        missing = await refusal(lambda: invoke(toy, name="Missing"))
        assert missing["Error"]["Code"] == "ResourceNotFoundException"
        assert missing["ResponseMetadata"]["HTTPStatusCode"] == 404
        too_large = await refusal(lambda: invoke(toy, "x" * 7_000_000))
        assert too_large["Error"]["Code"] == "RequestTooLargeException"
        assert too_large["ResponseMetadata"]["HTTPStatusCode"] == 413

    run_cloud(scenario)


def test_a_page_in_a_browser_can_invoke_nothing(run_cloud):
    async def scenario(toy) -> None:
        url = f"{toy.lambda_url}/2015-03-31/functions/EchoFunction/invocations"
        page = {"Origin": "http://example.com", "Content-Type": "text/plain"}
        async with aiohttp.request("POST", url, data=b"{}", headers=page) as response:
            assert response.status == 403
            assert response.headers["x-amzn-ErrorType"] == "AccessDeniedException"

    run_cloud(scenario)


def test_a_throttled_client_is_told_when_to_try_again(run_cloud):
    async def scenario(toy) -> None:
        async with toy.holding():
            throttled = await refusal(lambda: invoke(toy))
        assert throttled["Error"]["Code"] == "TooManyRequestsException"
        assert throttled["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert throttled["retryAfterSeconds"] == "1"

    run_cloud(scenario, environments=1, queue=0)


def test_an_event_is_run_after_its_answer_and_a_dry_run_never(run_cloud):
    async def scenario(toy) -> None:
        shout = {"rawPath": "/v1/shout"}
        assert (await invoke(toy, shout, InvocationType="DryRun"))["StatusCode"] == 204
        assert toy.reports() == []
        assert (await invoke(toy, shout, InvocationType="Event"))["StatusCode"] == 202
        await toy.until(lambda: "printed by the handler" in toy.log())

    run_cloud(scenario)
