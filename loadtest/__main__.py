"""``python -m loadtest run|compare|scaling``, behind ``make load``, ``load-compare`` and
``load-scaling``. Options that are not known go to Locust: --users 50 --run-time 5m."""

import argparse
import shlex
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.commands.launch import ROOT, ServiceFailed
from loadtest.experiments import Options, compare, run, scaling
from loadtest.load import RunFailed
from loadtest.report import write_report

_USUAL = {
    run: ("--users", "10", "--run-time", "60s"),
    compare: ("--users", "20", "--run-time", "30s", "--shape", "spike", "--pause-s", "0.5"),
    scaling: ("--run-time", "60s"),
}
_USERS = ("Person", "Index", "Predict", "Feedback", "Labels")


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all went well; 1 when a request failed that should not, or a limit broke; 2 without
    a result."""
    # SIGTERM ends it like Ctrl-C, the service and Locust included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    argv = list(sys.argv[1:] if argv is None else argv)
    began = datetime.now(UTC)
    options, more = _parse(argv)
    # Locust takes the last of several: what is asked for stands after what is usual.
    load = (options.user, "--spawn-rate", options.spawn_rate, *_USUAL[options.experiment], *more)
    folder: Path = options.output / f"{began:%Y-%m-%d-%H%M%S}-{options.kind}"
    folder.mkdir(parents=True)
    try:
        report = options.experiment(options, load, folder)
    except (RunFailed, ServiceFailed) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    command = shlex.join(("python", "-m", "loadtest", *argv))
    print(write_report(report, folder, command, shlex.join(load), began))
    return int(report.failed)


def _parse(argv: Sequence[str]) -> tuple[Options, list[str]]:
    """The options, and those that are Locust's own."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    commands = {kind: kinds.add_parser(kind.__name__, allow_abbrev=False) for kind in _USUAL}
    for experiment, command in commands.items():
        command.set_defaults(experiment=experiment)
        user = "Person" if experiment is run else "Predict"
        add = command.add_argument
        add("--user", choices=_USERS, default=user, help="who the users are")
        add("--spawn-rate", default="5", help="how many more a second")
        add("--output", type=Path, default=ROOT / "build" / "load", help="reports go below it")
        if experiment is not run:
            add("--model", default="efficientnet-lite0", help="model that serves")
    add = commands[run].add_argument
    add("--url", required=True, help="address of the page and the API")
    add("--data", type=Path, help="data folder of `make run`, for the server's side")
    add("--log-group", help="the classifier's log group in AWS, for the server's side")
    add("--function", help="the classifier's name in AWS")
    add("--provisioned", type=int, default=0, help="provisioned environments, for the cost")
    add("--settle-s", type=float, default=120.0, help="wait for CloudWatch, which shows all late")
    add = commands[compare].add_argument
    add("--environments", type=count, default=4, help="most environments, in both")
    add("--provisioned", type=count, help="provisioned ones; default: all of them")
    add("--rounds", type=count, default=2, help="runs of each that count")
    add = commands[scaling].add_argument
    add("--users", type=counts, default=(50,), help="how many, as in 50,100,500")
    add("--environments", type=counts, default=(1, 2, 4), help="as in 1,2,4")
    add("--queue", type=count, default=100, help="most requests that wait for an environment")
    options, more = parser.parse_known_args(argv)
    if options.kind == "run" and bool(options.log_group) != bool(options.function):
        parser.error("--log-group and --function go together")
    if options.kind == "compare":
        options.provisioned = options.provisioned or options.environments
        if options.provisioned > options.environments:
            parser.error("--provisioned is more than --environments")
    return options, more


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers, as in 1,2,4."""
    return tuple(count(part) for part in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
