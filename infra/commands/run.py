"""``python -m infra.commands.run``: the command behind ``make run``."""

import argparse
import asyncio
import compileall
import errno
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path

import aiohttp

from infra.commands.arguments import parse_arguments
from infra.commands.folder_worker import address_written, with_folder_worker
from infra.commands.model import (
    CODE_FOLDER,
    ModelUnavailable,
    ServedModel,
    ensure_model,
    local_exporter,
)
from infra.commands.variables import own_variables, shared_variables
from infra.commands.welcome import Addresses, find_photo, welcome_lines
from infra.local.aws.errors import StandInFailed
from infra.local.aws.stand_in import local_aws
from infra.local.aws_lambda.concurrency import RunningFunction
from infra.local.aws_lambda.emulator import emulator_binary
from infra.local.aws_lambda.service import (
    ConcurrencyInvalid,
    environments_limit,
)
from infra.local.cloud import CloudSettings, Listeners, running_cloud
from infra.local.http_api.routing import match_route
from infra.local.machine.guardian import Guardian
from infra.local.machine.listener import PortUnavailable, bind, bind_next, reachable_url
from infra.local.sam.intrinsics import TemplateError
from infra.local.sam.stateful import read_stateful
from infra.local.sam.template import Template, read_template

_HEALTH_PATH = "/v1/health"
_LOG_TAIL_LINES = 20

Variables = Mapping[str, str]
ReadTemplate = Callable[[Variables, Mapping[str, Variables]], Template]


class StartFailed(Exception):
    """The cloud cannot be started; the message is for the terminal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code is 0 then, not 0 when it cannot start."""
    # SIGTERM before the cloud runs (a model may be building) ends like Ctrl-C, children included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What is not HTTP gets its 400; aiohttp would add a traceback each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    try:
        return _run(parse_arguments(argv))
    except (StartFailed, PortUnavailable, TemplateError, ConcurrencyInvalid, StandInFailed) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except ModelUnavailable as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    except OSError as exc:  # a full disk, a data folder that cannot be one
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    # Lambda's own API on loopback alone: the HTTP API may be meant for others, this is not.
    listeners = Listeners(bind(arguments.host, arguments.port), bind_next(arguments.port))
    parameters = dict(arguments.parameter)
    if arguments.provisioned is not None:
        parameters["ProvisionedConcurrency"] = str(arguments.provisioned)
    read = partial(read_template, arguments.template, parameters)
    models_dir = arguments.models_dir.resolve()
    # Read before the model is built, so that a mistake in it shows at once.
    not_built = ServedModel(arguments.model, models_dir / arguments.model)
    template = read(shared_variables("", ""), own_variables(arguments.data, not_built, models_dir))
    emulator = _emulator(arguments.runtime, arguments.emulator_dir)
    for spec in template.functions:
        environments_limit(spec, arguments.environments)
    project = arguments.template.resolve().parent
    exporter = local_exporter(project / CODE_FOLDER, dict(os.environ))
    model = ensure_model(arguments.model, models_dir, exporter, _say)
    for folder in {spec.code_folder for spec in template.functions}:
        compileall.compile_dir(folder, quiet=2)  # as in the image
    settings = CloudSettings(
        data=arguments.data.resolve(),
        web_folder=project / "web",
        emulator=emulator,
        environments=arguments.environments,
        queue=arguments.queue,
        verbose=arguments.verbose,
        health_path=_HEALTH_PATH,
    )
    return asyncio.run(_serve(arguments, read, settings, listeners, model))


async def _serve(
    arguments: argparse.Namespace,
    read: ReadTemplate,
    settings: CloudSettings,
    listeners: Listeners,
    model: ServedModel,
) -> int:
    _stop_on_signals()
    invoke_port = listeners.invoke_api.getsockname()[1]
    addresses = Addresses(
        reachable_url(arguments.host, arguments.port), reachable_url("127.0.0.1", invoke_port)
    )
    if settings.emulator is None:
        _say("The Lambda emulator does not run here: functions run in plain worker processes.")
    try:
        stateful = read_stateful(
            arguments.template, dict(arguments.parameter), addresses.invoke_api
        )
        with Guardian() as guardian:
            async with local_aws(settings.data / "aws", stateful, guardian) as aws:
                shared = shared_variables(aws, addresses.invoke_api)
                own = own_variables(settings.data, model, arguments.models_dir.resolve())
                template = read(shared, own)
                _print_left_out(template)
                with_bucket = replace(settings, page_connects_to=aws)
                here = replace(template, functions=with_folder_worker(template.functions))
                async with running_cloud(here, with_bucket, listeners, guardian, _say) as functions:
                    healthy = match_route(template.routes, "GET", _HEALTH_PATH)
                    if healthy and not arguments.skip_check:
                        await _check_health(addresses.http_api, functions)
                    photo = find_photo(arguments.photo, os.environ)
                    with address_written(settings.data, addresses.invoke_api):
                        _say(welcome_lines(addresses, template, settings, model, photo))
                        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return 0
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise PortUnavailable(arguments.port) from exc
        raise
    return 0


def _stop_on_signals() -> None:
    """The first SIGINT, SIGTERM or SIGHUP cancels this task; later ones change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]

    def stop(*_: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    # Not the loop's own handlers: those do not exist on Windows.
    for number in signals:
        signal.signal(number, stop)


async def _check_health(url: str, functions: Mapping[str, RunningFunction]) -> None:
    """One request through everything.

    Raises:
        StartFailed: it was not answered with 200; what the functions logged has been shown.
    """
    async with aiohttp.ClientSession() as session, session.get(url + _HEALTH_PATH) as response:
        if response.status == HTTPStatus.OK:
            return
        answer = await response.text()
    for name, function in functions.items():
        print(f"--- {function.log.path} ({name}), last lines", file=sys.stderr)
        print(*function.log.tail(_LOG_TAIL_LINES), sep="\n", file=sys.stderr)
    raise StartFailed(f"GET {_HEALTH_PATH} answered {response.status}: {answer.strip()}")


def _print_left_out(template: Template) -> None:
    for name, reason in template.left_out.items():
        _say(f"{name} does not run here: {reason}")


def _emulator(runtime: str, folder: Path) -> Path | None:
    binary = None if runtime == "worker" else emulator_binary(folder)
    if binary is None and runtime == "emulator":
        raise StartFailed(f"no Lambda emulator for this machine in {folder}.")
    return binary


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
