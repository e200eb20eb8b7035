"""Stands the cloud up from a template, and takes it down again whole."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from infra.local.concurrency import EnvironmentPool, Limits
from infra.local.emulator import EmulatorEnvironment
from infra.local.environment import INIT_LIMIT_S, Environment, InitializationType, Launch
from infra.local.event import utc_now, warm_up_event
from infra.local.gateway import TIMEOUT_S, Gateway
from infra.local.guardian import Guardian
from infra.local.intrinsics import TemplateError
from infra.local.loglines import FunctionLog
from infra.local.report import Report, ReportFile, report_line
from infra.local.template import FunctionSpec, Template
from infra.local.worker import WorkerEnvironment

_SHUTDOWN_LIMIT_S = 1.0


@dataclass(frozen=True)
class CloudSettings:
    """How the cloud runs on this machine; ``emulator`` None means worker processes.

    ``environments`` is the most per function at once, ``queue`` how many requests may wait.
    """

    data: Path
    web_folder: Path
    emulator: Path | None
    environments: int | None
    queue: int
    verbose: bool = False
    init_limit_s: float = INIT_LIMIT_S
    gateway_timeout_s: float = TIMEOUT_S

    @property
    def reports(self) -> Path:
        """Where requests are recorded, as JSON lines."""
        return self.data / "logs" / "requests.jsonl"

    def function_log(self, function: str) -> Path:
        """Where a function's own output goes."""
        return self.data / "logs" / f"{function}.log"


def environments_limit(spec: FunctionSpec, environments: int | None) -> int:
    """Most environments of one function: as asked, else one per core, and never above the
    function's reserved concurrency.

    Raises:
        TemplateError: more are to be provisioned than there may be.
    """
    limit = environments or max(os.cpu_count() or 1, spec.provisioned_concurrency)
    if spec.reserved_concurrency is not None:
        limit = min(limit, spec.reserved_concurrency)
    if spec.provisioned_concurrency > limit:
        raise TemplateError(
            f"{spec.name}: {spec.provisioned_concurrency} provisioned environments do not fit"
            f" into at most {limit}."
        )
    return limit


@asynccontextmanager
async def running_cloud(
    template: Template,
    settings: CloudSettings,
    listener: socket.socket,
    guardian: Guardian,
    say: Callable[[str], None],
) -> AsyncIterator[dict[str, FunctionLog]]:
    """The cloud, answering on ``listener`` while the context lasts; yields the functions' logs.

    Raises:
        OSError: the port was taken since ``listener`` was bound.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_emulator_client())
        reports = ReportFile(settings.reports)
        stack.callback(reports.close)
        logs: dict[str, FunctionLog] = {}
        pools: dict[str, EnvironmentPool] = {}
        for spec in template.functions:
            log = FunctionLog(settings.function_log(spec.name), say if settings.verbose else None)
            stack.callback(log.close)
            logs[spec.name] = log
            pools[spec.name] = EnvironmentPool(
                spec,
                Limits(environments_limit(spec, settings.environments), settings.queue),
                _creator(spec, settings, http, log, guardian),
                lambda: warm_up_event(utc_now()),
                _reporter(reports, log),
            )
        gateway = Gateway(
            template,
            {name: pool.invoke for name, pool in pools.items()},
            settings.web_folder,
            say,
            settings.gateway_timeout_s,
        )
        runner = web.AppRunner(
            gateway.application(),
            access_log=None,
            handler_cancellation=True,
            auto_decompress=False,  # the body's bytes are the function's to read
            shutdown_timeout=_SHUTDOWN_LIMIT_S,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for pool in pools.values():
            stack.push_async_callback(pool.stop)
        await asyncio.gather(*(pool.start() for pool in pools.values()))
        await web.SockSite(runner, listener).start()
        yield logs


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
    settings: CloudSettings,
    http: aiohttp.ClientSession,
    log: FunctionLog,
    guardian: Guardian,
) -> Callable[[InitializationType], Environment]:
    def create(initialization_type: InitializationType) -> Environment:
        launch = Launch(
            uuid.uuid4().hex, initialization_type, spec, utc_now(), settings.init_limit_s
        )
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
