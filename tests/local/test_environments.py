"""How real environments start, end and are shared; over the emulator and over workers."""

import asyncio
import os
from pathlib import Path
from time import perf_counter

import aiohttp
import psutil
import pytest


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
