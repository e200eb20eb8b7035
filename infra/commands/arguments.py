"""The command line of ``make run``."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for; exits with a usage line where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.commands.run",
        description="Run what template.yaml describes, locally.",
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
    add(
        "--skip-check",
        action="store_true",
        help="ask nothing at the start, so that the first client meets the first cold start",
    )
    add("--verbose", action="store_true", help="show the functions' logs here too")
    return parser.parse_args(argv)


def _named_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)
