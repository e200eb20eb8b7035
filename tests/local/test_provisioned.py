"""Provisioned concurrency: environments that are initialised ahead of requests."""

import asyncio

from tests.conftest import LIMIT_S
from tests.local.pool import Plan, World, play, settle


def test_provisioned_environments_are_initialised_ahead_and_preferred():
    async def scenario(world: World) -> None:
        assert [report.outcome for report in world.reports] == ["initialized"] * 2
        world.plan.hold("a", "b", "c")
        tasks = [world.send(name) for name in "abc"]
        await settle()
        for gate in world.plan.gates.values():
            gate.set()
        served = await asyncio.gather(*tasks)
        assert [answer.cold for answer in served] == [False, False, True]
        assert [report.spilled_over for report in world.reports[2:]] == [False, False, True]
        # The on-demand one was used last, yet a provisioned one is idle; and of those the same
        # one again, as it was used last.
        ids = [(await world.send(name)).environment_id for name in "de"]
        assert ids in (["e0", "e0"], ["e1", "e1"])

    play(scenario, environments=3, provisioned=2)


def test_a_crashed_provisioned_environment_is_replaced_unasked():
    async def scenario(world: World) -> None:
        world.plan.kinds["a"] = "function_crashed"
        await world.send("a")
        assert await world.alive() == ["e1"]
        assert world.reports[-1].outcome == "initialized"
        assert world.environments[1].initialization_type == "provisioned-concurrency"

    play(scenario, environments=1, provisioned=1)


def test_requests_are_answered_while_a_provisioned_environment_cannot_start():
    async def scenario(world: World) -> None:
        answers = await asyncio.wait_for(
            asyncio.gather(*(world.send(name) for name in "abc")), LIMIT_S
        )
        assert {answer.outcome.kind for answer in answers} == {"init_failed"}

    play(scenario, Plan(otherwise="init_failed"), environments=1, provisioned=1)


def test_reports_init_only_where_it_happened_and_bills_it_on_demand_only():
    async def scenario(world: World) -> None:
        world.plan.hold("a")
        first = world.send("a")
        await settle()
        await world.send("b")
        world.plan.gates["a"].set()
        await first
        initialized, on_demand, provisioned = world.reports
        assert (initialized.init_ms, initialized.billed_ms, initialized.cold) == (100.0, 5, False)
        assert (on_demand.init_ms, on_demand.billed_ms, on_demand.cold) == (100.0, 105, True)
        assert (provisioned.init_ms, provisioned.billed_ms) == (None, 5)
        assert provisioned.max_memory_mb == 64

    play(scenario, provisioned=1)


def test_a_provisioned_environment_that_died_idle_is_replaced():
    async def scenario(world: World) -> None:
        world.environments[0].killed = True

        assert (await world.send("first")).outcome.kind == "ok"
        await settle()
        types = [
            environment.initialization_type
            for environment in world.environments
            if not environment.stopped
        ]
        assert types.count("provisioned-concurrency") == 1

    play(scenario, provisioned=1)
