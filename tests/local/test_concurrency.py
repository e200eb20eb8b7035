"""Lambda's concurrency rules, over environments that do nothing but watch the rules."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.aws_lambda.concurrency import EnvironmentPool, Limits, Throttled
from infra.local.aws_lambda.environment import InitializationType, Invocation, Outcome
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.aws_lambda.report import Report

MINUTE_S = 60


class FakeEnvironment:
    """Runs an invocation until told to end it; refuses what an emulator would not survive."""

    def __init__(self, number: int, initialization_type: InitializationType, plan: "Plan") -> None:
        self.id = f"e{number}"
        self.initialization_type = initialization_type
        self.busy = False
        self.stopped = False
        self.spent = False
        self.killed = False
        self.cold = True
        self._plan = plan

    @property
    def alive(self) -> bool:
        return not self.killed

    async def invoke(self, invocation: Invocation) -> Outcome:
        assert not self.killed, "an invocation in a killed environment"
        assert not self.busy, "two invocations in one environment"
        assert not self.stopped, "an invocation in a stopped environment"
        assert not self.spent, "an invocation in a crashed environment"
        self.busy = True
        init_ms, self.cold = (100.0 if self.cold else None), False
        kind = await self._plan.run(self, invocation)
        self.busy = False
        outcome = Outcome(kind, b"null", 5.0, init_ms, 64)
        self.spent = not outcome.reusable
        return outcome

    async def stop(self) -> None:
        self.stopped = True


@dataclass
class Plan:
    """How invocations end: at once and ``otherwise``, unless a test names the request."""

    otherwise: str = "ok"
    kinds: dict[str, object] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    runs: list[tuple[str, str]] = field(default_factory=list)

    async def run(self, environment: FakeEnvironment, invocation: Invocation):
        self.runs.append((environment.id, invocation.request_id))
        if gate := self.gates.get(invocation.request_id):
            await gate.wait()
        kind = self.kinds.get(invocation.request_id, self.otherwise)
        if isinstance(kind, Exception):
            raise kind
        return kind

    def hold(self, *request_ids: str) -> None:
        for request_id in request_ids:
            self.gates[request_id] = asyncio.Event()


@dataclass
class World:
    pool: EnvironmentPool
    plan: Plan
    environments: list[FakeEnvironment]
    reports: list[Report]

    def send(self, request_id: str) -> "asyncio.Task":
        return asyncio.create_task(self.pool.invoke(Invocation(request_id, b"{}")))

    async def alive(self) -> list[str]:
        await settle()
        return [environment.id for environment in self.environments if not environment.stopped]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def play(
    scenario: Callable[[World], Awaitable[None]],
    plan: Plan | None = None,
    *,
    environments: int = 2,
    queue: int = 100,
    provisioned: int = 0,
) -> None:
    world_plan = plan or Plan()

    async def run() -> None:
        created, reports = [], []

        def create(initialization_type: InitializationType) -> FakeEnvironment:
            created.append(FakeEnvironment(len(created), initialization_type, world_plan))
            return created[-1]

        spec = FunctionSpec("F", "h", Path(), 128, 3, {}, provisioned, None)
        limits = Limits(environments, queue)
        pool = EnvironmentPool(spec, limits, create, lambda: b"warm", reports.append)
        await pool.start()
        await scenario(World(pool, world_plan, created, reports))
        await pool.stop()
        assert all(environment.stopped for environment in created)

    asyncio.run(run())


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
        await asyncio.wait_for(tasks[2], MINUTE_S)
        assert [request for _, request in world.plan.runs] == ["a", "c"]

    play(scenario, environments=1)


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
            asyncio.gather(*(world.send(name) for name in "abc")), MINUTE_S
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


def test_a_dead_environment_gives_its_place_to_a_waiting_request():
    async def scenario(world: World) -> None:
        await world.send("first")
        world.environments[0].killed = True
        waiting = world.send("second")  # the limit counts the dead one until it is gone

        assert (await waiting).outcome.kind == "ok"

    play(scenario, environments=1)
