"""Figures of many requests: counts, rates, and percentiles that show what was cut short."""

import argparse
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loadtest.records import Request

PERCENTS = (50, 95, 99, 100)


class Percentile(NamedTuple):
    """A latency; ``censored``: at least this, for the requests there were cut off by a timeout."""

    ms: float
    censored: bool

    def __str__(self) -> str:
        return f"{'≥ ' if self.censored else ''}{self.ms:.0f} ms"


@dataclass(frozen=True)
class Summary:
    """Counts of requests by outcome; ``duration_s`` from the first's start to the last's end.

    ``latency`` has a percentile for each of PERCENTS; nothing where none was answered.
    """

    requests: int
    ok: int
    refused: int
    timeouts: int
    failed: int
    cold: int
    warm: int
    duration_s: float
    latency: Mapping[int, Percentile]

    @property
    def fails(self) -> int:
        """Failures, timeouts among them; refusals are none."""
        return self.failed + self.timeouts

    @property
    def rps(self) -> float:
        """Good answers a second."""
        return self.ok / self.duration_s if self.duration_s else 0.0

    @property
    def error_rate(self) -> float:
        """Failures per request that was not refused, 0…1."""
        return self.fails / max(self.requests - self.refused, 1)

    @property
    def cold_ratio(self) -> float:
        """Cold starts per answer of a function, 0…1."""
        return self.cold / max(self.cold + self.warm, 1)


def summarize(requests: Sequence[Request], duration_s: float | None = None) -> Summary:
    """Count ``requests``; ``duration_s`` where they are of several runs."""
    outcomes = [request.outcome for request in requests]
    starts = [request.cold for request in requests]
    return Summary(
        requests=len(requests),
        ok=outcomes.count("ok"),
        refused=outcomes.count("refused"),
        timeouts=outcomes.count("timeout"),
        failed=outcomes.count("failed"),
        cold=starts.count(True),
        warm=starts.count(False),
        duration_s=span_s(requests) if duration_s is None else duration_s,
        latency=percentiles(requests),
    )


def span_s(requests: Sequence[Request]) -> float:
    """From the first start to the last end."""
    ends = (request.start_s + request.latency_ms / 1000 for request in requests)
    return max(ends, default=0.0) - min((request.start_s for request in requests), default=0.0)


def percentiles(
    requests: Iterable[Request], percents: Sequence[int] = PERCENTS
) -> dict[int, Percentile]:
    """The smallest latency that so many per cent do not exceed (nearest rank).

    Of good answers and of timeouts, which took at least as long as was waited: from the first
    timeout on, all is a lower bound. What was refused or failed does not tell how long an answer
    takes.
    """
    answered = (request for request in requests if request.outcome in ("ok", "timeout"))
    waits = sorted((request.latency_ms, request.outcome == "timeout") for request in answered)
    first = next((rank for rank, (_, cut_off) in enumerate(waits, 1) if cut_off), math.inf)
    ranks = {percent: max(math.ceil(percent * len(waits) / 100), 1) for percent in percents}
    found = waits and {key: Percentile(waits[at - 1][0], at >= first) for key, at in ranks.items()}
    return found or {}


def add_limits(add: Callable[..., object]) -> None:
    """Options for what a run must keep; ``add`` is a parser's or a group's add_argument."""
    add("--max-p95-ms", type=number, help="exit code 1 above this 95th percentile")
    add("--max-error-rate", type=number, help="exit code 1 above this share of failures, 0…1")
    add("--max-cold-ratio", type=number, help="exit code 1 above this share of cold starts, 0…1")


def broken_limits(options: argparse.Namespace, found: Summary) -> Iterator[str]:
    """A sentence for each limit that was exceeded. A run without good answers keeps none."""
    p95 = found.latency.get(95, Percentile(0.0, censored=False))
    errors = f"{found.error_rate:.4f} ({found.fails} of {found.requests - found.refused})"
    cold = f"{found.cold_ratio:.4f} ({found.cold} of {found.cold + found.warm})"
    limits = (
        (options.max_p95_ms, p95.ms, f"p95 is {p95}, above --max-p95-ms"),
        (
            options.max_error_rate,
            found.error_rate,
            f"Error rate is {errors}, above --max-error-rate",
        ),
        (options.max_cold_ratio, found.cold_ratio, f"Cold ratio is {cold}, above --max-cold-ratio"),
    )
    if not found.ok and any(limit is not None for limit, *_ in limits):
        yield "There was not one good answer, so no limit is kept."
    for limit, value, text in limits:
        if limit is not None and value > limit:
            yield f"{text} {limit:g}."


def number(text: str) -> float:
    """A number from 0."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value
