"""A pool over environments that do nothing but watch the rules."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.aws_lambda.concurrency import EnvironmentPool, Limits
from infra.local.aws_lambda.environment import InitializationType, Invocation, Outcome
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.aws_lambda.report import Report


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
