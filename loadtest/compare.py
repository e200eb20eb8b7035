"""``python -m loadtest.compare``, behind ``make load-compare``: what provisioned concurrency buys.

The same load against the local cloud without and with provisioned environments, in turn
(A B A B …), a fresh service each. The first pair warms the machine (disk cache, processor clock)
and is discarded; cold starts are of every service's own environments, so they stay measured.
"""

# ruff: noqa: T201 - a command line prints

import shlex
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from loadtest.arguments import count, load_of, load_parser
from loadtest.fresh import run_fresh
from loadtest.generator import LoadSpec, Run, RunFailed
from loadtest.report.cost import read_prices
from loadtest.report.page import About, report_folder, write_report
from loadtest.report.verdict import sum_up
from loadtest.service import ServiceFailed, ServiceSpec

_DEFAULTS = LoadSpec("Predict", users=20, spawn_rate=5, time_s=30, shape="spike", pause_s=0.5)
_WARM_UP_S = 10


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all runs were made and no request failed, 1 when one did, 2 without a result."""
    # SIGTERM ends it like Ctrl-C, the service and Locust included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = datetime.now(UTC)
    given = list(sys.argv[1:] if argv is None else argv)
    parser = load_parser("loadtest.compare", "Provisioned concurrency 0 against N.", _DEFAULTS)
    add = parser.add_argument
    add("--users", type=count, default=_DEFAULTS.users, help="how many, at most")
    add("--environments", type=count, default=4, help="most environments, in both")
    add("--provisioned", type=count, help="provisioned ones; default: all of them")
    add("--rounds", type=count, default=2, help="runs of each that count")
    add("--model", default="efficientnet-lite0", help="model that serves")
    arguments, more = parser.parse_known_args(given)
    ahead = arguments.provisioned or arguments.environments
    if ahead > arguments.environments:
        parser.error("--provisioned is more than --environments")
    load = load_of(arguments, arguments.users, more)
    folder = report_folder(arguments.output, "compare")
    warm_up = replace(load, time_s=min(load.time_s, _WARM_UP_S))
    base = ServiceSpec(arguments.environments, model=arguments.model)
    specs = {
        "on demand": base,
        f"{ahead} provisioned": replace(base, provisioned=ahead),
    }
    runs: dict[str, list[Run]] = defaultdict(list)
    try:
        for turn, name in turns(arguments.rounds, tuple(specs)):
            print(f"== {name}, {f'round {turn}' if turn else 'warm-up, discarded'}", flush=True)
            run = run_fresh(
                f"{name.replace(' ', '-')}-{turn}", specs[name], load if turn else warm_up, folder
            )
            if turn:
                runs[name].append(run)
    except (RunFailed, ServiceFailed) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    prices = read_prices()
    variants = [sum_up(name, runs[name], specs[name].provisioned, prices) for name in specs]
    command = shlex.join(("python", "-m", "loadtest.compare", *given))
    target = f"{arguments.environments} local environments, {arguments.model}"
    about = About("What provisioned concurrency buys", target, load, command, began)
    page, verdict = write_report(folder, about, variants, prices)
    print(f"\n{verdict}\n\n{page}")
    return int(any(variant.everything.fails for variant in variants))


def turns(rounds: int, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Who runs when: round 0 is the warm-up, and every round has each name once, in turn."""
    for turn in range(rounds + 1):
        for name in names:
            yield turn, name


if __name__ == "__main__":
    sys.exit(main())
