"""The functions of one machine: a pool of environments, a log and REPORT lines for each."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp

from infra.local.aws_lambda.concurrency import EnvironmentPool, Limits, RunningFunction
from infra.local.aws_lambda.emulator import EmulatorEnvironment
from infra.local.aws_lambda.environment import (
    INIT_LIMIT_S,
    Environment,
    InitializationType,
    Launch,
)
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.aws_lambda.loglines import FunctionLog
from infra.local.aws_lambda.report import Report, ReportFile, report_line
from infra.local.aws_lambda.worker import WorkerEnvironment
from infra.local.machine.guardian import Guardian


class ConcurrencyInvalid(Exception):
    """More environments are to be provisioned than there may be; the message names the function."""


@dataclass(frozen=True)
class LambdaSettings:
    """How functions run on this machine; ``emulator`` None means worker processes.

    ``environments`` is the most per function at once, ``queue`` how many requests may wait;
    ``echo`` also gets every line that a function logs.
    """

    logs: Path
    emulator: Path | None
    environments: int | None
    queue: int
    echo: Callable[[str], None] | None = None
    init_limit_s: float = INIT_LIMIT_S


def environments_limit(spec: FunctionSpec, environments: int | None) -> int:
    """Most environments of one function: as asked, else one per core, and never above the
    function's reserved concurrency.

    Raises:
        ConcurrencyInvalid: more are to be provisioned than there may be.
    """
    limit = environments or max(os.cpu_count() or 1, spec.provisioned_concurrency)
    if spec.reserved_concurrency is not None:
        limit = min(limit, spec.reserved_concurrency)
    if spec.provisioned_concurrency > limit:
        raise ConcurrencyInvalid(
            f"{spec.name}: {spec.provisioned_concurrency} provisioned environments do not fit"
            f" into at most {limit}."
        )
    return limit


@asynccontextmanager
async def running_functions(
    specs: Iterable[FunctionSpec],
    settings: LambdaSettings,
    warm_up: Callable[[FunctionSpec], bytes],
    guardian: Guardian,
) -> AsyncIterator[Mapping[str, RunningFunction]]:
    """Functions by name, invocable while the context lasts; ``warm_up`` makes the event that
    provisioned environments are initialised with.

    Raises:
        ConcurrencyInvalid: see ``environments_limit``.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_emulator_client())
        reports = ReportFile(settings.logs / "requests.jsonl")
        stack.callback(reports.close)
        functions: dict[str, RunningFunction] = {}
        pools = []
        for spec in specs:
            log = FunctionLog(settings.logs / f"{spec.name}.log", settings.echo)
            stack.callback(log.close)
            environments = environments_limit(spec, settings.environments)
            pool = EnvironmentPool(
                spec,
                Limits(environments, settings.queue),
                _creator(spec, settings, http, log, guardian),
                partial(warm_up, spec),
                _reporter(reports, log),
            )
            functions[spec.name] = RunningFunction(spec, pool.invoke, environments, log)
            pools.append(pool)
        for pool in pools:
            stack.push_async_callback(pool.stop)
        await asyncio.gather(*(pool.start() for pool in pools))
        yield functions


def _emulator_client() -> aiohttp.ClientSession:
    # The pool says how many requests there are at once, and how long each may take.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,
    )


def _creator(
    spec: FunctionSpec,
    settings: LambdaSettings,
    http: aiohttp.ClientSession,
    log: FunctionLog,
    guardian: Guardian,
) -> Callable[[InitializationType], Environment]:
    def create(initialization_type: InitializationType) -> Environment:
        # An init over the limit is tried once more, within the function's own (Lambda's guide,
        # "Understanding the execution environment lifecycle").
        limit_s = max(settings.init_limit_s, spec.timeout_s)
        now = datetime.now(UTC)
        launch = Launch(uuid.uuid4().hex, initialization_type, spec, now, limit_s)
        if settings.emulator is None:
            return WorkerEnvironment(launch, log, guardian)
        return EmulatorEnvironment(launch, settings.emulator, http, log, guardian)

    return create


def _reporter(reports: ReportFile, log: FunctionLog) -> Callable[[Report], None]:
    def report(record: Report) -> None:
        reports.write(record)
        if record.environment_id is not None:
            log.write(report_line(record))

    return report
