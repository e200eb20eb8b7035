"""``python -m infra.local``: the command behind ``make run``."""

import argparse
import asyncio
import compileall
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp

from infra.local.cloud import CloudSettings, environments_limit, running_cloud
from infra.local.emulator import emulator_binary
from infra.local.intrinsics import TemplateError
from infra.local.loglines import FunctionLog
from infra.local.model import ModelUnavailable, ServedModel, ensure_model, run_exporter
from infra.local.template import Template, read_template
from infra.local.welcome import curl_line, find_photo

_HEALTH_PATH = "/v1/health"
_LOG_TAIL_LINES = 20


class StartFailed(Exception):
    """The cloud cannot be started; the message is for the terminal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code is 0 then, not 0 when it cannot start."""
    # SIGTERM before the cloud runs (a model may be building) ends like Ctrl-C, children included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What is not HTTP gets its 400; aiohttp would add a traceback each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    arguments = _arguments(argv)
    try:
        return _run(arguments)
    except (StartFailed, TemplateError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except ModelUnavailable as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    listener = _bind(arguments.host, arguments.port)
    parameters = dict(arguments.parameter)
    if arguments.provisioned is not None:
        parameters["ProvisionedConcurrency"] = str(arguments.provisioned)
    # Read before the model is built, so that a mistake in it shows at once.
    template = read_template(arguments.template, parameters, _local_variables(arguments.data, None))
    emulator = _emulator(arguments.runtime, arguments.emulator_dir)
    for spec in template.functions:
        environments_limit(spec, arguments.environments)
    code_folder = template.functions[0].code_folder
    model = ensure_model(
        arguments.model,
        arguments.models_dir.resolve(),
        run_exporter(code_folder, dict(os.environ)),
        _say,
    )
    for folder in {spec.code_folder for spec in template.functions}:
        compileall.compile_dir(folder, quiet=2)  # as in the image
    template = read_template(
        arguments.template, parameters, _local_variables(arguments.data, model)
    )
    settings = CloudSettings(
        data=arguments.data.resolve(),
        web_folder=arguments.template.resolve().parent / "web",
        emulator=emulator,
        environments=arguments.environments,
        queue=arguments.queue,
        verbose=arguments.verbose,
    )
    return asyncio.run(_serve(arguments, template, settings, listener, model))


async def _serve(
    arguments: argparse.Namespace,
    template: Template,
    settings: CloudSettings,
    listener: socket.socket,
    model: ServedModel,
) -> int:
    _stop_on_signals()
    url = f"http://{_reachable(arguments.host)}:{arguments.port}"
    if settings.emulator is None:
        _say("The Lambda emulator does not run here: functions run in plain worker processes.")
    try:
        async with running_cloud(template, settings, listener, _say) as logs:
            await _check_health(url, logs)
            _welcome(arguments, template, settings, url, model)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        return 0
    except OSError as exc:
        raise _port_taken(arguments.port) from exc
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


async def _check_health(url: str, logs: dict[str, FunctionLog]) -> None:
    """One request through everything.

    Raises:
        StartFailed: it was not answered with 200; what the functions logged has been shown.
    """
    async with aiohttp.ClientSession() as session, session.get(url + _HEALTH_PATH) as response:
        if response.status == HTTPStatus.OK:
            return
        answer = await response.text()
    for name, log in logs.items():
        print(f"--- {log.path} ({name}), last lines", file=sys.stderr)
        print(*log.tail(_LOG_TAIL_LINES), sep="\n", file=sys.stderr)
    raise StartFailed(f"GET {_HEALTH_PATH} answered {response.status}: {answer.strip()}")


def _welcome(
    arguments: argparse.Namespace,
    template: Template,
    settings: CloudSettings,
    url: str,
    model: ServedModel,
) -> None:
    stands_in = f" (in place of {model.fallback_from})" if model.fallback_from else ""
    _say(f"\n  Page         {url}/")
    _say(f"  Model        {model.name}{stands_in}")
    for spec in template.functions:
        limit = environments_limit(spec, settings.environments)
        _say(
            f"  Function     {spec.name}: up to {limit} environments of {spec.memory_mb} MB,"
            f" {spec.provisioned_concurrency} provisioned, then a queue of {settings.queue}"
        )
    _say(f"  Logs         {settings.data / 'logs'}")
    photo = find_photo(arguments.photo, os.environ)
    if photo is not None:
        _say(f"\n  {curl_line(url, photo)}\n")
    _say("Ctrl-C stops it all.")


def _bind(host: str, port: int) -> socket.socket:
    """The port, taken before anything slow is done.

    Raises:
        StartFailed: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # restarts at once; elsewhere it would allow two listeners
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except socket.gaierror as exc:
        raise StartFailed(f"{host} is no address of this machine.") from exc
    except (OSError, OverflowError) as exc:
        raise _port_taken(port, str(exc)) from exc
    return listener


def _port_taken(port: int, reason: str = "in use") -> StartFailed:
    return StartFailed(f"port {port} cannot be had ({reason}); choose another with PORT=…")


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _emulator(runtime: str, folder: Path) -> Path | None:
    binary = None if runtime == "worker" else emulator_binary(folder)
    if binary is None and runtime == "emulator":
        raise StartFailed(f"no Lambda emulator for this machine in {folder}.")
    return binary


def _local_variables(data: Path, model: ServedModel | None) -> dict[str, str]:
    """What differs from the cloud: where the model lies, and a receipt key of this machine."""
    variables = {
        "RECEIPT_KEY": _receipt_key(data / "receipt-key"),
        "MODEL_DIR": "" if model is None else str(model.folder),
    }
    if model is not None and model.fallback_from:
        variables["MODEL_FALLBACK_FROM"] = model.fallback_from
    return variables


def _receipt_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key


def _say(line: str) -> None:
    print(line, flush=True)


def _named_value(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description="Run what template.yaml describes, locally."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=_count, default=8000, help="port to listen on")
    add("--data", type=Path, default=Path(".local"), help="folder for logs and state")
    add("--template", type=Path, default=Path("template.yaml"), help="what to stand up")
    add(
        "--parameter",
        type=_named_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template; may be repeated",
    )
    add("--provisioned", type=_count, help="environments initialised ahead")
    add("--environments", type=_count, help="most environments per function; default: cores")
    add("--queue", type=_count, default=100, help="most requests waiting for an environment")
    add("--model", default="resnet50", help="resnet50, efficientnet-lite0, or one of yours")
    add("--models-dir", type=Path, default=Path("build/models"), help="where artifacts are kept")
    add("--photo", type=Path, help="photo for the curl line")
    add("--emulator-dir", type=Path, default=Path(".emulator"), help="where the emulator is")
    add(
        "--runtime",
        choices=("auto", "emulator", "worker"),
        default="auto",
        help="emulator: AWS's own; worker: plain processes; auto: the emulator where it runs",
    )
    add("--verbose", action="store_true", help="show the functions' logs here too")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
