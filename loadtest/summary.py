"""Figures of many requests: counts, rates, and percentiles that show what was cut short."""

import argparse
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
class Statistics:
    """Counts of requests, and what follows from them."""

    requests: int
    ok: int
    refused: int
    timeouts: int
    fails: int  # failures and timeouts; refusals are none
    cold: int
    duration_s: float  # from the first's start to the last's end
    rps: float  # good answers
    error_rate: float  # fails per request that was not refused, 0…1
    cold_ratio: float  # cold starts per answer of a function, 0…1
    latency: Mapping[int, Percentile]  # for each of PERCENTS; nothing where none was answered


def summarize(requests: Sequence[Request], duration_s: float | None = None) -> Statistics:
    """Count ``requests``; ``duration_s`` where they are of several runs."""
    outcomes: list[str] = [request.outcome for request in requests]
    starts = [request.cold for request in requests if request.cold is not None]
    duration_s = span_s(requests) if duration_s is None else duration_s
    ok, refused, timeouts = map(outcomes.count, ("ok", "refused", "timeout"))
    fails, cold = outcomes.count("failed") + timeouts, sum(starts)
    return Statistics(
        *(len(requests), ok, refused, timeouts, fails, cold, duration_s),
        rps=ok / duration_s if duration_s else 0.0,
        error_rate=fails / max(len(requests) - refused, 1),
        cold_ratio=cold / max(len(starts), 1),
        latency=percentiles(requests),
    )


def span_s(requests: Sequence[Request]) -> float:
    """From the first start to the last end."""
    start_s = min((request.start_s for request in requests), default=0.0)
    return max((request.end_s for request in requests), default=0.0) - start_s


def percentiles(
    requests: Iterable[Request], percents: Sequence[int] = PERCENTS
) -> dict[int, Percentile]:
    """The smallest latency that so many per cent do not exceed (nearest rank), of good answers and
    timeouts. From the first timeout on, which took at least as long, all is a lower bound."""
    answered = (request for request in requests if request.outcome in ("ok", "timeout"))
    waits = sorted((request.latency_ms, request.outcome == "timeout") for request in answered)
    if not waits:
        return {}
    first = next((rank for rank, (_, cut_off) in enumerate(waits, 1) if cut_off), math.inf)
    ranks = {percent: max(math.ceil(percent * len(waits) / 100), 1) for percent in percents}
    return {key: Percentile(waits[rank - 1][0], rank >= first) for key, rank in ranks.items()}


def broken_limits(options: argparse.Namespace, run: Statistics) -> Iterator[str]:
    """A sentence for each limit that was exceeded. A run without good answers keeps none."""
    p95_ms = run.latency[95].ms if run.ok else math.inf
    values = {"p95-ms": p95_ms, "error-rate": run.error_rate, "cold-ratio": run.cold_ratio}
    for name, value in values.items():
        limit = getattr(options, f"max_{name.replace('-', '_')}")
        if limit is not None and not run.ok:
            yield f"Without one good answer --max-{name} is not kept."
        elif limit is not None and value > limit:
            yield f"{name} is {value:.4g}, above --max-{name} {limit:g}."
