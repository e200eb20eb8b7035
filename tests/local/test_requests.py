"""A request and its answer, through gateway and function; over the emulator and over workers."""

import base64
import io

import pytest


def test_hands_the_function_the_request_as_an_event(run_cloud):
    async def scenario(toy) -> None:
        status, answer = await toy.send(
            "POST", "/v1/echo?a=1&a=2&b=", data=b'{"x": 1}', headers={"content-type": "text/json"}
        )
        event = answer["event"]
        assert status == 200
        assert event["routeKey"] == "ANY /v1/{proxy+}"
        assert event["pathParameters"] == {"proxy": "echo"}
        assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
        assert (event["body"], event["isBase64Encoded"]) == ('{"x": 1}', False)
        assert event["requestContext"]["requestId"] == answer["request_id"]
        assert 0 < answer["remaining_ms"] <= 20_000

    run_cloud(scenario)


def test_gives_the_function_its_own_variables_and_not_the_callers(run_cloud, monkeypatch):
    monkeypatch.setenv("PRIVATE_TO_THE_SHELL", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    async def scenario(toy) -> None:
        _, answer = await toy.get("/v1/echo")
        variables = answer["variables"]
        assert variables["MARK"] == str(toy.data)
        assert variables["REGION_SEEN"] == variables["AWS_REGION"]
        assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
        assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
        assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
        assert "PRIVATE_TO_THE_SHELL" not in variables
        assert "PYTHONDONTWRITEBYTECODE" not in variables

    run_cloud(scenario)


def test_sends_what_the_function_returned(run_cloud):
    async def scenario(toy) -> None:
        assert await toy.get("/v1/bare") == (200, {"a": [1, "ü"]})
        async with toy.http.get("/v1/image") as response:
            assert response.status == 201
            assert response.headers["content-type"] == "image/png"
            assert response.headers["x-number"] == "5"
            assert await response.read() == bytes(range(256))
        async with toy.http.get("/v1/cookies") as response:
            assert response.headers.getall("set-cookie") == ["a=1", "b=2; Secure"]
            assert len(response.headers["apigw-requestid"]) == 36

    run_cloud(scenario)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_binary_bodies_arrive_byte_for_byte(run_cloud, encoding):
    body = bytes(range(256)) * 8000

    async def scenario(toy) -> None:
        _, answer = await toy.send(
            "POST",
            "/v1/echo",
            data=io.BytesIO(body),
            headers={"content-type": "image/jpeg", "content-encoding": encoding},
        )
        assert answer["event"]["isBase64Encoded"] is True
        assert base64.b64decode(answer["event"]["body"]) == body

    run_cloud(scenario)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/exit", 502, "function_crashed"),
        ("/v1/raise", 502, "function_error"),
        ("/v1/sleep?s=60", 504, "function_timeout"),
        ("/v1/child", 504, "function_timeout"),
        ("/v1/big", 502, "response_too_large"),
        ("/v1/no-status", 502, "bad_function_response"),
        ("/v1/bad-header", 502, "bad_function_response"),
        ("/broken", 502, "init_failed"),
        ("/nowhere", 404, "route_not_found"),
    ],
)
def test_a_failing_request_gets_its_code_and_the_next_one_works(run_cloud, path, status, code):
    async def scenario(toy) -> None:
        async with toy.http.get(path) as response:
            problem = await response.json(content_type="application/problem+json")
            assert response.status == status
            assert problem["code"] == code
            assert problem["status"] == status
            assert problem["request_id"] == response.headers["apigw-requestid"]
            assert "Traceback" not in str(problem)
            assert "secret" not in str(problem)
        assert (await toy.get("/v1/echo"))[0] == 200

    # Enough for a cold start on a slow machine, which counts toward it in the emulator.
    limited = {"Timeout": "3"} if code == "function_timeout" else None
    run_cloud(scenario, parameters=limited, environments=1)


def test_a_trace_goes_to_the_log(run_cloud):
    async def scenario(toy) -> None:
        await toy.get("/v1/raise")
        await toy.get("/broken")
        await toy.get("/v1/shout")
        await toy.until(lambda: "a secret detail" in toy.log())
        await toy.until(lambda: "a_module_that_is_missing" in toy.log("BrokenFunction"))
        for words in ("printed by", "complained by", "written past Python"):
            await toy.until(lambda words=words: words in toy.log())

    run_cloud(scenario)


def test_the_gateway_gives_up_before_the_function_does(run_cloud):
    async def scenario(toy) -> None:
        status, problem = await toy.get("/v1/sleep?s=1")
        assert (status, problem["code"]) == (504, "gateway_timeout")

    run_cloud(scenario, gateway_timeout_s=0.5)


def test_carries_large_bodies_both_ways(run_cloud):
    body = bytes(range(256)) * 16_000

    async def scenario(toy) -> None:
        status, answer = await toy.send(
            "POST",
            "/v1/mirror",
            data=io.BytesIO(body),
            headers={"content-type": "image/png"},
        )
        assert status == 200
        assert answer == body

    run_cloud(scenario)


@pytest.mark.parametrize("megabytes", [5, 11])
def test_refuses_requests_above_the_limits_and_goes_on(run_cloud, megabytes):
    async def scenario(toy) -> None:
        status, problem = await toy.send(
            "POST",
            "/v1/echo",
            data=io.BytesIO(bytes(megabytes * 2**20)),
            headers={"content-type": "image/png"},
        )
        assert (status, problem["code"]) == (413, "request_too_large")
        assert (await toy.get("/v1/echo"))[0] == 200
        assert len(toy.reports()) == 1

    run_cloud(scenario)


def test_path_variables_reach_the_function_decoded(run_cloud):
    async def scenario(toy) -> None:
        _, answer = await toy.send("GET", "/items/a%20b%2Fc")
        assert answer["event"]["pathParameters"] == {"id": "a b/c"}

    run_cloud(scenario)
