"""Lambda's concurrency rules: which environment takes a request, and when a new one starts."""

import asyncio

import pytest

from infra.local.aws_lambda.concurrency import Throttled
from tests.conftest import LIMIT_S
from tests.local.pool import World, play, settle


def test_one_request_at_a_time_and_never_above_the_limit():
    async def scenario(world: World) -> None:
        await asyncio.gather(*(world.send(f"r{i}") for i in range(50)))
        assert len(world.environments) == 2
        assert len(world.plan.runs) == 50

    play(scenario)


def test_a_new_environment_starts_only_when_all_are_busy():
    async def scenario(world: World) -> None:
        await world.send("a")
        await world.send("b")
        world.plan.hold("c")
        task = world.send("c")
        await settle()
        served = await world.send("d")
        world.plan.gates["c"].set()
        assert (await task).environment_id == "e0"
        assert (served.environment_id, served.cold) == ("e1", True)

    play(scenario)


def test_the_most_recently_used_idle_environment_is_taken():
    async def scenario(world: World) -> None:
        world.plan.hold("a", "b", "c")
        tasks = [world.send(name) for name in "abc"]
        await settle()
        for name in "bac":
            world.plan.gates[name].set()
            await settle()
        await asyncio.gather(*tasks)
        assert (await world.send("d")).environment_id == "e2"

    play(scenario, environments=3)


def test_waiting_requests_are_served_in_order():
    async def scenario(world: World) -> None:
        await asyncio.gather(*(world.send(f"r{i}") for i in range(10)))
        assert [request for _, request in world.plan.runs] == [f"r{i}" for i in range(10)]

    play(scenario, environments=1)


def test_beyond_the_queue_requests_are_refused_at_once():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        tasks = [world.send(name) for name in ("a", "b")]
        await settle()
        with pytest.raises(Throttled):
            await world.send("c")
        assert not any(task.done() for task in tasks)
        world.plan.gates["a"].set()
        await asyncio.gather(*tasks)
        assert [report.outcome for report in world.reports] == ["too_many_requests", "ok", "ok"]
        assert world.reports[0].environment_id is None

    play(scenario, environments=1, queue=1)


@pytest.mark.parametrize(
    "kind", ["function_crashed", "function_timeout", "init_failed", "response_too_large"]
)
def test_a_broken_environment_is_ended_and_a_waiting_request_gets_a_new_one(kind: str):
    async def scenario(world: World) -> None:
        world.plan.kinds["a"] = kind
        broken, waiting = await asyncio.gather(world.send("a"), world.send("b"))
        assert broken.outcome.kind == kind
        assert (waiting.environment_id, waiting.cold) == ("e1", True)
        assert await world.alive() == ["e1"]

    play(scenario, environments=1)


def test_an_environment_whose_handler_raised_is_kept():
    async def scenario(world: World) -> None:
        world.plan.kinds["a"] = "function_error"
        await world.send("a")
        assert (await world.send("b")).cold is False
        assert len(world.environments) == 1

    play(scenario)


def test_an_error_of_the_gateways_own_does_not_lose_the_place():
    async def scenario(world: World) -> None:
        world.plan.kinds["a"] = OSError("no such binary")
        with pytest.raises(OSError, match="no such binary"):
            await world.send("a")
        assert (await world.send("b")).environment_id == "e1"
        assert await world.alive() == ["e1"]

    play(scenario, environments=1)


def test_a_client_that_leaves_does_not_free_the_environment_early():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        leaver = world.send("a")
        await settle()
        leaver.cancel()
        waiting = world.send("b")
        await settle()
        assert world.plan.runs == [("e0", "a")]
        world.plan.gates["a"].set()
        await waiting
        assert world.plan.runs == [("e0", "a"), ("e0", "b")]
        assert [report.outcome for report in world.reports] == ["ok", "ok"]

    play(scenario, environments=1)


def test_a_client_that_leaves_the_queue_is_never_run():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        tasks = [world.send(name) for name in "abc"]
        await settle()
        tasks[1].cancel()
        await settle()
        world.plan.gates["a"].set()
        await asyncio.gather(tasks[0], tasks[2])
        assert [request for _, request in world.plan.runs] == ["a", "c"]
        assert [report.outcome for report in world.reports] == ["abandoned", "ok", "ok"]

    play(scenario, environments=1)


def test_a_client_that_leaves_as_its_turn_comes_passes_it_on():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        tasks = [world.send(name) for name in "abc"]
        await settle()
        world.plan.gates["a"].set()
        while not world.reports:  # noqa: ASYNC110 - until b has been handed it, and not run yet
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait_for(tasks[2], LIMIT_S)
        assert [request for _, request in world.plan.runs] == ["a", "c"]

    play(scenario, environments=1)


def test_stopping_refuses_waiting_requests_and_ends_running_ones():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        running, waiting = world.send("a"), world.send("b")
        await settle()
        await world.pool.stop()
        with pytest.raises(Throttled):
            await waiting
        with pytest.raises(asyncio.CancelledError):
            await running

    play(scenario, environments=1)


def test_an_environment_that_died_idle_takes_no_request():
    async def scenario(world: World) -> None:
        await world.send("first")
        world.environments[0].killed = True

        served = await world.send("second")

        assert (served.outcome.kind, served.environment_id, served.cold) == ("ok", "e1", True)
        assert await world.alive() == ["e1"]

    play(scenario)


def test_a_dead_environment_gives_its_place_to_a_waiting_request():
    async def scenario(world: World) -> None:
        await world.send("first")
        world.environments[0].killed = True
        waiting = world.send("second")  # the limit counts the dead one until it is gone

        assert (await waiting).outcome.kind == "ok"

    play(scenario, environments=1)
