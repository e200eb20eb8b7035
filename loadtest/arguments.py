"""Options that the commands of this package share."""

import argparse
import re
from pathlib import Path

from loadtest.generator import LoadSpec
from loadtest.service import ROOT
from loadtest.shapes import SHAPES

_USERS = ("Person", "Index", "Predict", "Feedback", "Labels")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


def load_parser(
    program: str, description: str, defaults: LoadSpec, output: Path = ROOT / "build" / "load"
) -> argparse.ArgumentParser:
    """A parser for the load but for how many users; what it does not know goes to Locust."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}", description=description, allow_abbrev=False
    )
    add = parser.add_argument
    add("--user", choices=_USERS, default=defaults.user, help="who the users are")
    add("--spawn-rate", type=float, default=defaults.spawn_rate, help="how many more a second")
    add("--time", type=seconds, default=defaults.time_s, help="for how long: 90, 90s, 5m, 1h")
    add("--shape", choices=sorted(SHAPES), default=defaults.shape, help="how many when")
    add("--pause-s", type=float, default=defaults.pause_s, help="pause of single-endpoint users")
    add("--output", type=Path, default=output, help="reports go to a new folder below it")
    return parser


def load_of(arguments: argparse.Namespace, users: int, more: list[str]) -> LoadSpec:
    """The load that was asked for; ``more`` are Locust's own options."""
    return LoadSpec(
        user=arguments.user,
        users=users,
        spawn_rate=arguments.spawn_rate,
        time_s=arguments.time,
        shape=arguments.shape,
        pause_s=arguments.pause_s,
        options=tuple(more),
    )


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return int(text)


def seconds(text: str) -> int:
    """A time such as 90, 90s, 5m or 1h."""
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 5m or 1h")
    return int(found[1]) * _UNITS_S[found[2]]


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers, as in 1,2,4."""
    return tuple(count(each) for each in text.split(","))
