"""Lambda's concurrency for one function: which environment takes a request, when a new one starts.

One request at a time per environment. Idle provisioned environments first, then the most recently
used idle one, then a new one (a cold start) while the limit allows, then a queue, then refusal.
Sources: AWS Lambda, *Understanding function scaling* and *Configuring provisioned concurrency*.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from time import perf_counter, time
from typing import TypeVar

from infra.local.aws_lambda.environment import Environment, InitializationType, Invocation, Outcome
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.aws_lambda.loglines import FunctionLog
from infra.local.aws_lambda.report import Report, ReportOutcome, billed_ms

PROVISIONED: InitializationType = "provisioned-concurrency"
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Limits:
    """Most environments of a function at once, and most requests that wait for one."""

    environments: int
    queue: int


class Throttled(Exception):
    """All environments are busy and the queue is full."""


@dataclass(frozen=True)
class Served:
    """How a request ended, and in which environment."""

    outcome: Outcome
    environment_id: str
    cold: bool


Invoke = Callable[[Invocation], Awaitable[Served]]
"""Runs an invocation of one function; raises ``Throttled``."""


@dataclass(frozen=True)
class RunningFunction:
    """A function that can be invoked, in at most so many ``environments`` at once."""

    spec: FunctionSpec
    invoke: Invoke
    environments: int
    log: FunctionLog


class EnvironmentPool:
    """The environments of one function."""

    def __init__(
        self,
        spec: FunctionSpec,
        limits: Limits,
        create: Callable[[InitializationType], Environment],
        warm_up: Callable[[], bytes],
        report: Callable[[Report], None],
    ) -> None:
        self._spec = spec
        self._limits = limits
        self._create = create
        self._warm_up = warm_up
        self._report = report
        self._environments: set[Environment] = set()
        self._idle: list[Environment] = []
        self._waiting: deque[asyncio.Future[Environment]] = deque()
        self._tasks: set[asyncio.Task[object]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Initialise the provisioned environments; returns when each has been tried once."""
        tried = [asyncio.Event() for _ in range(self._spec.provisioned_concurrency)]
        for event in tried:
            environment = self._add(PROVISIONED)
            self._background(self._provision(environment, event))
        for event in tried:
            await event.wait()

    async def invoke(self, invocation: Invocation) -> Served:
        """Run an invocation when an environment is free.

        Cancelling it (the client has gone) takes it out of the queue, but an invocation that has
        begun goes on to its end: its environment takes no other until then.

        Raises:
            Throttled: at once, when the queue is full.
        """
        arrived = perf_counter()
        try:
            environment = await self._acquire()
        except (Throttled, asyncio.CancelledError) as exc:
            refused: ReportOutcome = (
                "too_many_requests" if isinstance(exc, Throttled) else "abandoned"
            )
            self._report(Report(*self._request(invocation, refused, _since(arrived))))
            raise
        run = self._run(environment, invocation, _since(arrived))
        return await asyncio.shield(self._background(run))

    async def stop(self) -> None:
        """End all environments; waiting invocations are refused, running ones are lost."""
        for future in self._waiting:
            future.set_exception(Throttled)
        self._waiting.clear()
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(environment.stop() for environment in self._environments))
        self._environments.clear()
        self._idle.clear()

    async def _acquire(self) -> Environment:
        self._replace_dead()
        idle = next((idle for idle in reversed(self._idle) if _provisioned(idle)), None)
        if idle is None and self._idle:
            idle = self._idle[-1]
        if idle is not None:
            self._idle.remove(idle)
            return idle
        if len(self._environments) < self._limits.environments:
            return self._add("on-demand")
        if len(self._waiting) >= self._limits.queue:
            raise Throttled
        future: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled():  # an environment came free at the same moment
                self._release(future.result())
            elif future in self._waiting:
                self._waiting.remove(future)
            raise

    async def _run(
        self, environment: Environment, invocation: Invocation, queued_ms: float
    ) -> Served:
        outcome = None
        try:
            outcome = await environment.invoke(invocation)
        finally:
            if outcome is not None and outcome.reusable:
                self._release(environment)
            elif not self._stopping:
                self._background(self._replace(environment))
        report = self._finished(invocation, environment, outcome, queued_ms)
        self._report(report)
        return Served(outcome, environment.id, report.cold)

    def _release(self, environment: Environment) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(environment)
                return
        self._idle.append(environment)

    def _replace_dead(self) -> None:
        """What ended while idle must not cost the next request a 502."""
        dead = [environment for environment in self._idle if not environment.alive]
        for environment in dead:
            self._idle.remove(environment)
            self._background(self._replace(environment))

    async def _replace(self, environment: Environment) -> None:
        provisioned = _provisioned(environment)
        await self._discard(environment, replaced=provisioned)
        if provisioned:
            await self._provision(self._add(PROVISIONED), asyncio.Event())

    async def _provision(self, environment: Environment, tried: asyncio.Event) -> None:
        retry_s = _FIRST_RETRY_S
        while not await self._warmed(environment, tried):
            # Its place is given up meanwhile: a function that cannot be initialised must answer
            # so at once, not let requests wait for it.
            await self._discard(environment, replaced=False)
            while True:
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
                if len(self._environments) < self._limits.environments:
                    break
            environment = self._add(PROVISIONED)
        self._release(environment)

    async def _warmed(self, environment: Environment, tried: asyncio.Event) -> bool:
        invocation = Invocation(str(uuid.uuid4()), self._warm_up())
        try:
            outcome = await environment.invoke(invocation)
        finally:
            tried.set()
        report = self._finished(invocation, environment, outcome, queued_ms=0.0)
        self._report(replace(report, outcome="initialized") if outcome.reusable else report)
        return outcome.reusable

    async def _discard(self, environment: Environment, *, replaced: bool) -> None:
        await environment.stop()
        self._environments.discard(environment)
        if self._waiting and not replaced:
            self._release(self._add("on-demand"))

    def _add(self, initialization_type: InitializationType) -> Environment:
        environment = self._create(initialization_type)
        self._environments.add(environment)
        return environment

    def _background(self, work: Coroutine[object, object, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _request(
        self, invocation: Invocation, outcome: ReportOutcome, queued_ms: float
    ) -> tuple[float, str, str, ReportOutcome, int, float]:
        """What every report begins with."""
        name, memory_mb = self._spec.name, self._spec.memory_mb
        return time(), invocation.request_id, name, outcome, memory_mb, round(queued_ms, 2)

    def _finished(
        self, invocation: Invocation, environment: Environment, outcome: Outcome, queued_ms: float
    ) -> Report:
        provisioned = _provisioned(environment)
        return Report(
            *self._request(invocation, outcome.kind, queued_ms),
            environment_id=environment.id,
            initialization_type=environment.initialization_type,
            cold=outcome.init_ms is not None and not provisioned,
            init_ms=None if outcome.init_ms is None else round(outcome.init_ms, 2),
            duration_ms=round(outcome.duration_ms, 2),
            billed_ms=billed_ms(outcome.duration_ms, None if provisioned else outcome.init_ms),
            max_memory_mb=outcome.max_memory_mb,
            spilled_over=self._spec.provisioned_concurrency > 0 and not provisioned,
        )


def _provisioned(environment: Environment) -> bool:
    return environment.initialization_type == PROVISIONED


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
