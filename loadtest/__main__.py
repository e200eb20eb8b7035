"""``python -m loadtest run|compare|scaling|soak``, behind ``make load``, ``load-compare``,
``load-scaling`` and ``soak``. Options that are not known go to Locust: --users 50 --run-time 5m."""

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
from loadtest.report import LoadReport, write_report


def soak(options: argparse.Namespace, load: tuple[str, ...], folder: Path) -> LoadReport:
    """Good and hostile users on a service whose environments are killed meanwhile."""
    from loadtest.soak.experiment import soak as endure  # noqa: PLC0415 - half a second

    return endure(options, load, folder)


_USUAL = {
    run: ("--users", "10", "--run-time", "60s"),
    compare: ("--users", "20", "--run-time", "30s", "--shape", "spike", "--pause-s", "0.5"),
    scaling: ("--run-time", "60s"),
    soak: ("Visitor", "Reviewer", "Hostile", "Enqueuer", "--users", "12", "--run-time", "10m"),
}
_USERS = ("Person", "Index", "Predict", "Feedback", "Labels", "Iris", "FlightDelay")


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all went well; 1 when a request failed that should not, or a limit broke; 2 without
    a result."""
    # SIGTERM ends it like Ctrl-C, which may be ignored where it was started in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    argv = list(sys.argv[1:] if argv is None else argv)
    began = datetime.now(UTC)
    options, more = _parse(argv)
    # Locust takes the last of several: what is asked for stands after what is usual.
    load = ("--spawn-rate", "5", *_USUAL[options.experiment], *options.user, *more)
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
        command.set_defaults(experiment=experiment, user=())
        add = command.add_argument
        if experiment is not soak:
            user = "Person" if experiment is run else "Predict"
            add("--user", choices=_USERS, nargs="+", default=(user,), help="who the users are")
        add("--output", type=Path, default=ROOT / "build" / "load", help="reports go below it")
        if experiment is not run:
            add("--model", default="efficientnet-lite0", help="model that serves")
    add = commands[run].add_argument
    add("--url", required=True, help="address of the page and the API")
    add("--data", type=Path, help="data folder of `make run`, for the server's side")
    add("--aws", nargs=2, metavar=("LOG_GROUP", "FUNCTION"), help="the same of a deployed one")
    add("--provisioned", type=int, default=0, help="provisioned environments, for the cost")
    for name in ("p95-ms", "error-rate", "cold-ratio"):
        add(f"--max-{name}", type=float, help="it fails above; rate and ratio are shares, 0…1")
    add = commands[compare].add_argument
    add("--environments", type=int, default=4, help="most environments, in both")
    add("--provisioned", type=int, help="provisioned ones; default: all of them")
    add("--rounds", type=int, default=2, help="runs of each that count")
    add = commands[scaling].add_argument
    add("--users", type=counts, default=(50,), help="how many, as in 50,100,500")
    add("--environments", type=counts, default=(1, 2, 4), help="as in 1,2,4")
    add = commands[soak].add_argument
    add("--environments", type=int, default=2, help="most per function")
    add("--kill-every", type=float, default=20.0, metavar="S", help="0 kills none")
    return parser.parse_known_args(argv)


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers, as in 1,2,4."""
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
