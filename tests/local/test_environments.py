"""What a client sees of real environments; the same over the emulator and over worker processes."""

import asyncio
import base64
import io
import os
from pathlib import Path
from time import perf_counter

import aiohttp
import psutil
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


def test_a_crashed_environment_is_replaced_and_a_failed_handler_kept(run_cloud):
    async def scenario(toy) -> None:
        _, first = await toy.get("/v1/echo")
        await toy.get("/v1/raise")
        _, before = await toy.get("/v1/echo")
        await toy.get("/v1/exit")
        _, replaced = await toy.get("/v1/echo")
        assert before["environment"] == first["environment"]
        assert replaced["environment"] != first["environment"]
        assert [report["cold"] for report in toy.reports()] == [True, False, False, False, True]

    run_cloud(scenario, environments=1)


def test_init_has_a_limit(run_cloud):
    async def scenario(toy) -> None:
        status, problem = await toy.get("/slow-start")
        assert (status, problem["code"]) == (504, "init_timeout")

    run_cloud(scenario, init_limit_s=0.5, parameters={"Timeout": "1"})


def test_an_init_over_the_limit_may_take_the_functions_own(run_cloud):
    async def scenario(toy) -> None:
        assert (await toy.get("/slow-start"))[0] == 200

    run_cloud(scenario, init_limit_s=0.5)


def test_init_below_the_limit_is_reported(run_cloud):
    async def scenario(toy) -> None:
        started = perf_counter()
        assert await toy.get("/slow-start") == (200, b"awake")
        elapsed_ms = (perf_counter() - started) * 1000
        report = toy.reports()[-1]
        assert report["cold"] is True
        assert report["init_ms"] >= 1500
        assert report["init_ms"] + report["duration_ms"] <= elapsed_ms
        assert report["billed_ms"] >= report["init_ms"]

    run_cloud(scenario)


def test_reports_peak_memory(run_cloud):
    async def scenario(toy) -> None:
        await toy.get("/v1/allocate")
        assert 80 <= toy.reports()[0]["max_memory_mb"] < 256

    run_cloud(scenario)


def test_provisioned_environments_are_warm_and_spill_over_is_counted(run_cloud):
    async def scenario(toy) -> None:
        assert [report["outcome"] for report in toy.reports()] == ["initialized"]
        async with toy.holding():
            await toy.get("/v1/echo")
        provisioned, spilled = sorted(toy.reports()[1:], key=lambda report: report["spilled_over"])
        assert provisioned["initialization_type"] == "provisioned-concurrency"
        assert (provisioned["cold"], spilled["cold"]) == (False, True)
        assert spilled["spilled_over"] is True

    run_cloud(scenario, parameters={"ProvisionedConcurrency": "1"})


def test_a_crashed_provisioned_environment_is_replaced_ahead_of_requests(run_cloud):
    async def scenario(toy) -> None:
        await toy.get("/v1/exit")
        await toy.until(lambda: [x["outcome"] for x in toy.reports()].count("initialized") == 2)
        await toy.get("/v1/echo")
        assert toy.reports()[-1]["initialization_type"] == "provisioned-concurrency"
        assert toy.reports()[-1]["init_ms"] is None

    run_cloud(scenario, parameters={"ProvisionedConcurrency": "1"}, environments=1)


def test_a_full_queue_is_refused_at_once_and_waiting_is_reported(run_cloud):
    async def scenario(toy) -> None:
        async with toy.holding() as busy:
            more = [asyncio.create_task(toy.http.get("/v1/echo")) for _ in range(2)]
            (refused,), (waiting,) = await asyncio.wait(more, return_when="FIRST_COMPLETED")
            response = refused.result()
            assert response.status == 503
            assert int(response.headers["retry-after"]) >= 1
            assert (await response.json(content_type=None))["code"] == "too_many_requests"
            assert not busy.done()
        assert (busy.result()[0], (await waiting).status) == (200, 200)
        reports = toy.reports()
        assert [report["outcome"] for report in reports] == ["too_many_requests", "ok", "ok"]
        assert reports[2]["queued_ms"] > 0

    run_cloud(scenario, environments=1, queue=1)


def test_a_client_that_leaves_puts_no_two_into_one_environment(run_cloud):
    async def scenario(toy) -> None:
        def departures() -> int:
            return sum("left" in line for line in toy.messages)

        _, first = await toy.get("/v1/echo")
        async with toy.holding() as busy:
            busy.cancel()
            await toy.until(departures)
            patience_s = 0.05
            while departures() < 5:  # who leaves before the gateway has noticed does not count
                with pytest.raises(TimeoutError):
                    await toy.send("GET", "/v1/echo", timeout=aiohttp.ClientTimeout(patience_s))
                patience_s *= 1.5
        _, last = await toy.get("/v1/echo")
        assert last["environment"] == first["environment"]
        outcomes = [report["outcome"] for report in toy.reports()]
        assert "abandoned" in outcomes
        assert set(outcomes) == {"ok", "abandoned"}

    run_cloud(scenario, environments=1)


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


def test_requests_survive_environments_that_come_and_go(run_cloud):
    async def scenario(toy) -> None:
        paths = [("/v1/echo", "/v1/raise", "/v1/echo", "/v1/exit")[i % 4] for i in range(60)]
        answers = await asyncio.gather(*(toy.get(path) for path in paths))
        expected = {"/v1/echo": 200, "/v1/raise": 502, "/v1/exit": 502}
        assert [status for status, _ in answers] == [expected[path] for path in paths]
        reports = toy.reports()
        assert len(reports) == 60
        assert len({report["request_id"] for report in reports}) == 60
        crashed = sum(report["outcome"] == "function_crashed" for report in reports)
        assert crashed == 15

    run_cloud(scenario, environments=3)


def test_path_variables_reach_the_function_decoded(run_cloud):
    async def scenario(toy) -> None:
        _, answer = await toy.send("GET", "/items/a%20b%2Fc")
        assert answer["event"]["pathParameters"] == {"id": "a b/c"}

    run_cloud(scenario)


@pytest.mark.parametrize("victim", ["all of it", "its runtime"])
def test_an_environment_killed_while_idle_loses_no_answer(run_cloud, victim):
    async def scenario(toy) -> None:
        _, first = await toy.get("/v1/echo")
        processes = {
            process.pid: process for process in psutil.process_iter() if marked(process, toy.data)
        }
        children = [process for process in processes.values() if process.ppid() in processes]
        runtimes = children or processes.values()  # a worker is its own runtime
        killed = list(runtimes if victim == "its runtime" else processes.values())
        for process in killed:
            process.kill()
        await toy.until(lambda: not any(map(runs, killed)))

        status, second = await toy.get("/v1/echo")

        assert status == 200
        assert second["variables"]["MARK"] == first["variables"]["MARK"]
        assert [report["outcome"] for report in toy.reports()] == ["ok", "ok"]
        assert [report["cold"] for report in toy.reports()] == [True, True]

    run_cloud(scenario)


def runs(process: psutil.Process) -> bool:
    """Or has ended, but the cloud, whose child it is, has yet to take notice."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE or process.ppid() == os.getpid()
    except psutil.NoSuchProcess:
        return False


def marked(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get("MARK") == str(data)
    except psutil.Error:
        return False
