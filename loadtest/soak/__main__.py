"""``python -m loadtest.soak``: the service under mixed good and hostile load, while environments
are killed. The exit status is 1 when it did not endure, 2 when it could not be tried."""

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from infra.commands.welcome import find_photo
from loadtest.service import ServiceFailed, ServiceSpec
from loadtest.soak.accounts import Accounts, Kill, problems, sort_failures, unexplained
from loadtest.soak.clients import Clients, Tally
from loadtest.soak.growth import Sample, growths
from loadtest.soak.ledger import Ledger
from loadtest.soak.limits import Limits
from loadtest.soak.report import Outcome, write_report
from loadtest.soak.requests import Exchange, good_exchanges, hostile_exchanges
from loadtest.soak.service import Service, next_victim, running_service, stored_comments

_PROGRESS_S = 5.0
_SAMPLE_S = 1.0
_WARM_UP_S = 3.0
_SETTLE_S = 1.0
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


def main(argv: Sequence[str] | None = None) -> int:
    """Soak, report, and say in the exit status how it went."""
    options = _parser().parse_args(argv)
    options.data = (options.data or options.output / "data").resolve()
    options.models_dir = options.models_dir.resolve()
    # Before there is anything to report, SIGTERM ends it all like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcome = asyncio.run(_soak(options))
    except ServiceFailed as exc:
        _say(f"error: {exc}")
        return 2
    except KeyboardInterrupt:
        return 130
    _say("\n" + write_report(outcome, options.output))
    _say(f"Written to {options.output}")
    return 1 if outcome.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.soak", description=__doc__)
    add = parser.add_argument
    add("--time", type=duration_s, default="10m", help="how long: 90s, 10m, 1h")
    add("--clients", type=int, default=8)
    add("--pause", type=float, default=0.1, metavar="S", help="a client's mean pause")
    add("--feedback-per-second", type=float, default=2.0, metavar="N", help="of all clients")
    add("--kill-every", type=float, default=20.0, metavar="S", help="0 kills none")
    add("--environments", type=int, default=2, help="most per function")
    add("--model", default="resnet50")
    add("--models-dir", type=Path, default=Path("build/models"))
    add("--photo", type=Path, help="what is sent; default: one from PHOTOS_DIR, or a packaged one")
    now = datetime.now(UTC)
    default = Path("build/load") / f"soak-{now:%Y%m%dT%H%M%S}"
    add("--output", type=Path, default=default, help="folder for the report")
    add("--data", type=Path, help="folder for the service's logs and state; default: in the output")
    return parser


def duration_s(text: str) -> float:
    """Seconds in ``90``, ``90s``, ``10m`` or ``1h``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 90s, 10m or 1h")
    return float(match[1]) * _UNITS_S[match[2]]


async def _soak(options: argparse.Namespace) -> Outcome:
    photo = find_photo(options.photo, os.environ)
    if photo is None:
        raise ServiceFailed("no photo to send; name one: --photo")
    exchanges: tuple[Exchange, ...] = (*good_exchanges(photo), *hostile_exchanges(photo))
    tally, ledger, limits = Tally(), Ledger(), Limits()
    kills: list[Kill] = []
    samples: list[Sample] = []
    stop = asyncio.Event()
    spec = ServiceSpec(options.environments, model=options.model, models_dir=options.models_dir)
    with running_service(spec, options.data) as service:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        earlier = len(service.records())
        clients = Clients(
            service.url,
            exchanges,
            tally,
            ledger,
            pause_s=options.pause,
            feedback_per_s=options.feedback_per_second,
        )
        began = monotonic()
        # All environments run before descriptors are counted, as they do when it ends.
        warm = asyncio.Event()
        loop.call_later(_WARM_UP_S, warm.set)
        await clients.run(options.clients, warm)
        await asyncio.sleep(_SETTLE_S)
        descriptors = service.descriptors()
        async with asyncio.TaskGroup() as group:
            group.create_task(_stop_after(options.time, stop))
            group.create_task(_kill_environments(service, options.kill_every, kills, stop))
            group.create_task(_look(service, samples, stop))
            group.create_task(_tell(tally, kills, ledger, began, stop))
            group.create_task(clients.run(options.clients, stop))
        seconds = monotonic() - began
        _say("Stopping.")
        await asyncio.sleep(_SETTLE_S)
        gateway_descriptors = (descriptors, service.descriptors())
    records = service.records()[earlier:]
    accounts = Accounts(
        kills=kills,
        failures=sort_failures(tally.failures, records, kills),
        unexplained=unexplained(records, kills),
        growth=growths(samples, records, limits),
        gateway_descriptors=gateway_descriptors,
        feedback_confirmed=len(ledger.confirmed),
        feedback_lost=ledger.lost(await stored_comments(options.data)),
    )
    return Outcome(seconds, tally, accounts, limits, problems(accounts, limits))


async def _stop_after(seconds: float, stop: asyncio.Event) -> None:
    await _until(stop, seconds)
    stop.set()


async def _kill_environments(
    service: Service, every_s: float, kills: list[Kill], stop: asyncio.Event
) -> None:
    while every_s and not await _until(stop, every_s):
        victim = next_victim(service.environments(), len(kills))
        if victim is not None:
            kills.append(service.kill(victim))


async def _look(service: Service, samples: list[Sample], stop: asyncio.Event) -> None:
    while not await _until(stop, _SAMPLE_S):
        samples += service.samples()


async def _tell(
    tally: Tally, kills: list[Kill], ledger: Ledger, began: float, stop: asyncio.Event
) -> None:
    while not await _until(stop, _PROGRESS_S):
        _say(
            f"{monotonic() - began:5.0f} s  {tally.sent.total():6} requests"
            f"  {len(tally.failures)} without their due answer  {len(kills)} kills"
            f"  {len(ledger.confirmed)} feedback"
        )


async def _until(stop: asyncio.Event, seconds: float) -> bool:
    """Wait; whether it was stopped meanwhile."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
