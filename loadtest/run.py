"""``python -m loadtest.run``, behind ``make load``: one run against any address, and its report."""

# ruff: noqa: T201 - a command line prints

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from loadtest.arguments import count, load_of, load_parser
from loadtest.aws_source import AwsRecords
from loadtest.generator import LoadSpec, RunFailed, collect, generate_load
from loadtest.joined import ServerRecords
from loadtest.local_source import LocalRecords
from loadtest.report.cost import read_prices
from loadtest.report.page import About, report_folder, write_report
from loadtest.report.verdict import sum_up

_DEFAULTS = LoadSpec("Person", users=10, spawn_rate=5, time_s=60)


def main(argv: Sequence[str] | None = None) -> int:
    """Locust's exit code: 1 where a threshold broke or a request failed, 2 without a run."""
    began = datetime.now(UTC)
    given = list(sys.argv[1:] if argv is None else argv)
    parser = load_parser(
        "loadtest.run", "Load a service; any other option is handed to Locust.", _DEFAULTS
    )
    add = parser.add_argument
    add("--users", type=count, default=_DEFAULTS.users, help="how many, at most")
    add("--url", required=True, help="address of the page and the API")
    add("--data", type=Path, help="data folder of `make run`, for the server's side")
    add("--log-group", help="the classifier's log group in AWS, for the server's side")
    add("--function", help="the classifier's name in AWS")
    add("--provisioned", type=int, default=0, help="provisioned environments, for the cost")
    add("--settle-s", type=float, default=120.0, help="wait for CloudWatch, which shows all late")
    arguments, more = parser.parse_known_args(given)
    if bool(arguments.log_group) != bool(arguments.function):
        parser.error("--log-group and --function go together")
    load = load_of(arguments, arguments.users, more)
    folder = report_folder(arguments.output, "run")
    try:
        exit_code = generate_load("run", load, arguments.url.rstrip("/"), folder)
    except RunFailed as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    if arguments.log_group:
        print(f"Waiting {arguments.settle_s:.0f} s for CloudWatch.", flush=True)
        time.sleep(arguments.settle_s)
    run = collect("run", exit_code, folder, _source(arguments))
    prices = read_prices()
    variant = sum_up("run", [run], arguments.provisioned, prices)
    command = shlex.join(("python", "-m", "loadtest.run", *given))
    about = About("Load test", arguments.url, load, command, began)
    page, verdict = write_report(folder, about, [variant], prices)
    print(f"{verdict}\n{page}")
    return exit_code


def _source(arguments: argparse.Namespace) -> ServerRecords | None:
    if arguments.data is not None:
        return LocalRecords(arguments.data)
    if arguments.log_group is None:
        return None
    import boto3  # noqa: PLC0415 - half a second that only AWS needs

    clients = boto3.client("logs"), boto3.client("cloudwatch")
    return AwsRecords(*clients, arguments.log_group, arguments.function)


if __name__ == "__main__":
    sys.exit(main())
