"""Figures of many requests: counts, rates and percentiles that own up to what was cut short."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from loadtest.record import Outcome

_MS_PER_S = 1000.0


class Request(Protocol):
    """What is looked at of a request."""

    @property
    def start_s(self) -> float: ...  # noqa: D102 - as in ClientRecord
    @property
    def outcome(self) -> Outcome: ...  # noqa: D102
    @property
    def latency_ms(self) -> float: ...  # noqa: D102
    @property
    def cold(self) -> bool | None: ...  # noqa: D102


@dataclass(frozen=True)
class Percentile:
    """A latency; ``censored``: at least this, for the requests there were cut off by a timeout."""

    ms: float
    censored: bool

    def __str__(self) -> str:
        return f"{'≥ ' if self.censored else ''}{self.ms:.0f} ms"


@dataclass(frozen=True)
class Percentiles:
    """Of answered and timed-out requests; None without any."""

    p50: Percentile
    p95: Percentile
    p99: Percentile
    p100: Percentile


@dataclass(frozen=True)
class Summary:
    """Counts of requests by outcome; ``duration_s`` from the first's start to the last's end."""

    requests: int
    ok: int
    refused: int
    timeouts: int
    failed: int
    cold: int
    warm: int
    duration_s: float
    latency: Percentiles | None
    latency_cold: Percentiles | None
    latency_warm: Percentiles | None

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
        taken = self.requests - self.refused
        return self.fails / taken if taken else 0.0

    @property
    def cold_ratio(self) -> float:
        """Cold starts per answer of a function, 0…1."""
        answered = self.cold + self.warm
        return self.cold / answered if answered else 0.0


def summarize(requests: Iterable[Request], duration_s: float | None = None) -> Summary:
    """Count and sort ``requests``; ``duration_s`` where they are of several runs."""
    rows = list(requests)
    outcomes = [each.outcome for each in rows]
    cold = [each for each in rows if each.cold is True]
    warm = [each for each in rows if each.cold is False]
    return Summary(
        requests=len(rows),
        ok=outcomes.count("ok"),
        refused=outcomes.count("refused"),
        timeouts=outcomes.count("timeout"),
        failed=outcomes.count("failed"),
        cold=len(cold),
        warm=len(warm),
        duration_s=span_s(rows) if duration_s is None else duration_s,
        latency=percentiles(rows),
        latency_cold=percentiles(cold),
        latency_warm=percentiles(warm),
    )


def span_s(requests: Sequence[Request]) -> float:
    """From the first start to the last end."""
    if not requests:
        return 0.0
    ends = (each.start_s + each.latency_ms / _MS_PER_S for each in requests)
    return max(ends) - min(each.start_s for each in requests)


def percentiles(requests: Iterable[Request]) -> Percentiles | None:
    """Latency of good answers and of timeouts, which took at least as long as was waited.

    Neither what was refused nor what failed tells how long an answer takes.
    """
    waits = [
        Percentile(each.latency_ms, each.outcome == "timeout")
        for each in requests
        if each.outcome in ("ok", "timeout")
    ]
    if not waits:
        return None
    waits.sort(key=lambda each: (each.ms, each.censored))
    at = (_nearest_rank(waits, percent) for percent in (50, 95, 99, 100))
    return Percentiles(*at)


def _nearest_rank(waits: Sequence[Percentile], percent: int) -> Percentile:
    """The smallest wait that ``percent`` % do not exceed.

    What was cut off below it might have taken longer, so from there on it is a lower bound.
    """
    rank = max(math.ceil(percent * len(waits) / 100), 1)
    return Percentile(waits[rank - 1].ms, any(each.censored for each in waits[:rank]))
