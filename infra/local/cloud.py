"""Stands the cloud up from a template, and takes it down again whole."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from infra.local.aws_lambda.concurrency import RunningFunction
from infra.local.aws_lambda.environment import INIT_LIMIT_S
from infra.local.aws_lambda.invoke_api import InvokeApi
from infra.local.aws_lambda.service import LambdaSettings, running_functions
from infra.local.http_api.event import utc_now, warm_up_event
from infra.local.http_api.gateway import TIMEOUT_S, Gateway, HttpApi, Page
from infra.local.machine.guardian import Guardian
from infra.local.sam.template import Template

_SHUTDOWN_LIMIT_S = 0.5  # aiohttp waits for it twice: for requests under way, and once more


@dataclass(frozen=True)
class CloudSettings:
    """How the cloud runs on this machine; ``emulator`` None means worker processes.

    ``environments`` is the most per function at once, ``queue`` how many requests may wait.
    Functions that answer ``GET health_path`` are warmed by it, others by a plain invocation.
    ``page_connects_to`` is an origin that the page may ask beside its own.
    """

    data: Path
    web_folder: Path
    emulator: Path | None
    environments: int | None
    queue: int
    verbose: bool = False
    init_limit_s: float = INIT_LIMIT_S
    gateway_timeout_s: float = TIMEOUT_S
    health_path: str | None = None
    page_connects_to: str = ""


@dataclass(frozen=True)
class Listeners:
    """Where the HTTP API answers, and where Lambda's own API does."""

    http_api: socket.socket
    invoke_api: socket.socket


@asynccontextmanager
async def running_cloud(
    template: Template,
    settings: CloudSettings,
    listeners: Listeners,
    guardian: Guardian,
    say: Callable[[str], None],
) -> AsyncIterator[Mapping[str, RunningFunction]]:
    """The cloud, answering on ``listeners`` while the context lasts; yields the functions.

    Raises:
        ConcurrencyInvalid: a function is to have more environments than it may.
        OSError: a port was taken since it was bound.
    """
    on_this_machine = LambdaSettings(
        settings.data / "logs",
        settings.emulator,
        settings.environments,
        settings.queue,
        say if settings.verbose else None,
        settings.init_limit_s,
    )
    async with AsyncExitStack() as stack:
        functions = await stack.enter_async_context(
            running_functions(
                template.functions,
                on_this_machine,
                lambda spec: warm_up_event(
                    template.routes, spec.name, settings.health_path, utc_now()
                ),
                guardian,
            )
        )
        gateway = Gateway(
            HttpApi(template.routes, template.cors),
            {name: function.invoke for name, function in functions.items()},
            Page(settings.web_folder, settings.page_connects_to),
            say,
            settings.gateway_timeout_s,
        )
        invoke_api = InvokeApi(functions, settings.queue)
        await _serve(invoke_api.application(), listeners.invoke_api, stack)
        stack.push_async_callback(invoke_api.stop)
        await _serve(gateway.application(), listeners.http_api, stack)
        yield functions


async def _serve(
    application: web.Application, listener: socket.socket, stack: AsyncExitStack
) -> None:
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,
        auto_decompress=False,  # the body's bytes are the function's to read
        shutdown_timeout=_SHUTDOWN_LIMIT_S,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
