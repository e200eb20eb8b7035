"""``python -m loadtest.scaling``, behind ``make load-scaling``: more environments, same load."""

# ruff: noqa: T201 - a command line prints

import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from loadtest.arguments import count, counts, load_of, load_parser
from loadtest.fresh import run_fresh
from loadtest.generator import LoadSpec, Run, RunFailed
from loadtest.report.page import machine, report_folder
from loadtest.report.plots import bars
from loadtest.service import ServiceFailed, ServiceSpec
from loadtest.summary import Summary, summarize

_DEFAULTS = LoadSpec("Predict", users=50, spawn_rate=5, time_s=60)
_S_PER_MIN = 60
_HEAD = (
    "| environments | users | spawn rate | RPS | requests | fails | refused | p50 | p95 | p100"
    " | minutes |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Row:
    """One run of the table."""

    environments: int
    users: int
    spawn_rate: float
    minutes: float
    found: Summary


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all runs were made and no request failed, 1 when one did, 2 without a result."""
    # SIGTERM ends it like Ctrl-C, the service and Locust included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = datetime.now(UTC)
    given = list(sys.argv[1:] if argv is None else argv)
    parser = load_parser("loadtest.scaling", "The same load on 1, 2, 4 environments.", _DEFAULTS)
    add = parser.add_argument
    add("--users", type=counts, default=(_DEFAULTS.users,), help="how many, as in 50,100,500")
    add("--environments", type=counts, default=(1, 2, 4), help="as in 1,2,4")
    add("--queue", type=count, default=100, help="most requests that wait for an environment")
    add("--model", default="efficientnet-lite0", help="model that serves")
    arguments, more = parser.parse_known_args(given)
    folder = report_folder(arguments.output, "scaling")
    rows = []
    try:
        for environments in arguments.environments:
            for users in arguments.users:
                print(f"== {environments} environments, {users} users", flush=True)
                load = load_of(arguments, users, more)
                service = ServiceSpec(environments, environments, arguments.queue, arguments.model)
                run = run_fresh(f"{environments}-environments-{users}-users", service, load, folder)
                rows.append(row_of(environments, load, run))
    except (RunFailed, ServiceFailed) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    command = shlex.join(("python", "-m", "loadtest.scaling", *given))
    text = table(rows)
    plot = bars(
        "Good answers a second",
        [f"{each.environments} env.\n{each.users} users" for each in rows],
        [each.found.rps for each in rows],
        "per second",
    )
    (folder / "scaling.svg").write_text(plot, "utf-8")
    page = folder / "report.md"
    page.write_text(
        f"# Scaling\n\n{began:%Y-%m-%d %H:%M} UTC, {arguments.model}, {arguments.user} users,"
        f" environments ready before the load; client and service share {machine()}.\n\n"
        f"    {command}\n\n{text}\n\n![Good answers a second](scaling.svg)\n",
        "utf-8",
    )
    print(f"\n{text}\n\n{page}")
    return int(any(row.found.fails for row in rows))


def row_of(environments: int, load: LoadSpec, run: Run) -> Row:
    """The row of a run: all its requests, whatever they were for."""
    minutes = run.duration_s / _S_PER_MIN
    return Row(environments, load.users, load.spawn_rate, minutes, summarize(run.requests))


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    return "\n".join((_HEAD, *(_line(row) for row in rows)))


def _line(row: Row) -> str:
    found, at = row.found, row.found.latency
    waits = (at.p50, at.p95, at.p100) if at is not None else ("–",) * 3
    cells = (
        *(row.environments, row.users, f"{row.spawn_rate:g}", f"{found.rps:.1f}"),
        *(found.requests, found.fails, found.refused, *waits, f"{row.minutes:.1f}"),
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


if __name__ == "__main__":
    sys.exit(main())
