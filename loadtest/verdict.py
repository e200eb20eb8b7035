"""What runs amount to and cost, and when provisioned concurrency costs no more than going without.

All prices are parameters (``prices.toml``); GB are 1024 MB, as Lambda counts.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from loadtest.load import Run
from loadtest.records import PREDICT, Request
from loadtest.summary import PERCENTS, Statistics, summarize

Prices = Mapping[str, Any]
"""USD per unit, as the keys say, in one region at one date."""

PRICES: Prices = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
_MB_PER_GB, _MS_PER_S, _MONTH_S = 1024, 1000, 30 * 24 * 3600


class Usage(NamedTuple):
    """What one request takes on average."""

    memory_mb: int
    duration_ms: float
    init_ms: float  # added to the mean request on demand: cold ratio x init
    api_units: float  # as the API meters them


class Variant(NamedTuple):
    """All runs against one service, as one long run; ``figures`` are ``statistics`` to be read."""

    name: str
    runs: Sequence[Run]
    provisioned: int
    everything: Statistics
    statistics: Statistics  # of predictions, if there were any
    usage: Usage | None  # of predictions, None without the server's records
    figures: Mapping[str, str]


def sum_up(name: str, runs: Sequence[Run], provisioned: int, prices: Prices = PRICES) -> Variant:
    """Pool the runs of a variant."""
    duration_s = sum(run.duration_s for run in runs)
    requests = [request for run in runs for request in run.requests]
    predicting = [request for request in requests if request.name == PREDICT]
    everything = summarize(requests, duration_s)
    statistics = summarize(predicting, duration_s) if predicting else everything
    spilled = [run.spilled_over for run in runs if run.spilled_over is not None]
    cold = [request.server for request in predicting if request.cold and request.server]
    inits = [report.init_ms for report in cold if report.init_ms is not None]
    usage, usd = _usage(predicting, prices), None
    if usage is not None:
        share = min(sum(spilled) / max(statistics.ok, 1), 1.0)
        usd = request_usd(usage, prices, provisioned, statistics.rps, share) * 1e6
    figures = {
        **{key: getattr(statistics, key) for key in ("requests", "fails", "timeouts", "refused")},
        "RPS": f"{statistics.rps:.1f}",
        "minutes": f"{duration_s / 60:.1f}",
        **{f"p{percent}": statistics.latency.get(percent, "–") for percent in PERCENTS},
        "cold": statistics.cold,
        "cold ratio": f"{statistics.cold_ratio:.2%}",
        "cold init": f"{fmean(inits):.0f} ms" if inits else "–",
        "spilled over": sum(spilled) if spilled else "–",
        "$ per million": "–" if usd is None else f"{usd:.2f}",
    }
    texts = {figure: str(value) for figure, value in figures.items()}
    return Variant(name, runs, provisioned, everything, statistics, usage, texts)


def tabulate(variants: Sequence[Variant]) -> list[tuple[str, ...]]:
    """A column for each variant, its name above, and a row for each figure."""
    names = ("", *(variant.name for variant in variants))
    return [
        names,
        *((key, *(variant.figures[key] for variant in variants)) for key in variants[0].figures),
    ]


def compare_variants(on_demand: Variant, ahead: Variant, prices: Prices = PRICES) -> Iterator[str]:
    """What provisioned environments buy and cost: the verdict, and the sentences behind it."""
    before, after = on_demand.statistics.latency, ahead.statistics.latency
    pairs = {key: f"p{key} {before[key]} → {after[key]}" for key in PERCENTS if before and after}
    buys = ", ".join(pairs[percent] for percent in (99, 100) if pairs) or "no answers to compare"
    usage, count = on_demand.usage, ahead.provisioned
    if usage is None:
        yield f"{count} provisioned environments: {buys}."
        return
    month_usd = standing_usd_per_s(usage.memory_mb, count, prices) * _MONTH_S
    yield (
        f"{count} provisioned environments: {buys}, for ${month_usd:.2f} a month (30 days) before"
        " the first request."
    )
    yield f"Latency, {on_demand.name} → {ahead.name}: {', '.join(pairs.values())}."
    always_warm = usage._replace(init_ms=0.0)
    yield (
        f"Once each is busy {break_even_utilization(always_warm, prices):.0%} of the time they cost"
        " no more than on demand, cold starts left out: at the measured duration"
        f" {_traffic(always_warm, count, prices)}. With as many cold starts saved as were measured"
        f" here: {_traffic(usage, count, prices)}. A run this short has more of them than steady"
        " traffic. Below the traffic that pays for it, provisioned concurrency buys latency, not"
        " money."
    )


def request_usd(
    usage: Usage, prices: Prices, provisioned: int = 0, rps: float = 0, spilled_share: float = 0
) -> float:
    """One request, with its part of what provisioned environments cost at ``rps`` requests a second
    (infinitely dear without any). What spills over is billed as on demand, where each cold start's
    init counts as duration (since August 2025)."""
    fees = prices["request"] + usage.api_units * prices["api_request"]
    gb_per_ms = usage.memory_mb / _MB_PER_GB / _MS_PER_S
    on_demand = gb_per_ms * (usage.duration_ms + usage.init_ms) * prices["gb_s"]
    if not provisioned:
        return float(fees + on_demand)
    inside = gb_per_ms * usage.duration_ms * prices["provisioned_duration_gb_s"]
    standing = standing_usd_per_s(usage.memory_mb, provisioned, prices) / rps if rps else math.inf
    return float(fees + (1 - spilled_share) * inside + spilled_share * on_demand + standing)


def standing_usd_per_s(memory_mb: int, environments: int, prices: Prices) -> float:
    """What provisioned environments cost each second, used or not."""
    return float(environments * memory_mb / _MB_PER_GB * prices["provisioned_gb_s"])


def break_even_utilization(usage: Usage, prices: Prices) -> float:
    """Share of time a provisioned environment must be busy to cost no more than on demand.

    Idle or busy it costs ``p``, busy ``d`` more; on demand costs ``o`` while it is busy and while
    it initialises: p + u·d = u·o·(duration + init) / duration. Above 1 it never pays for itself.
    """
    on_demand = prices["gb_s"] * (1 + usage.init_ms / usage.duration_ms)
    saved = on_demand - prices["provisioned_duration_gb_s"]
    return float(prices["provisioned_gb_s"] / saved) if saved > 0 else math.inf


def _traffic(usage: Usage, environments: int, prices: Prices) -> str:
    utilization = break_even_utilization(usage, prices)
    if utilization > 1:
        return "never, for they cannot serve as much"
    rps = environments * utilization * _MS_PER_S / usage.duration_ms
    millions = rps * _MONTH_S / 1e6
    return f"{rps:.2f} predictions a second without a pause, {millions:.2f} million a month"


def _usage(requests: Sequence[Request], prices: Prices) -> Usage | None:
    pairs = [(request, request.server) for request in requests if request.server]
    ran = [(request, report) for request, report in pairs if report.duration_ms]
    if not ran:
        return None
    # A provisioned environment's init is no cold start, though a REPORT may show it.
    inits = (report.init_ms or 0.0 if request.cold else 0.0 for request, report in ran)
    steps = (request.request_bytes / prices["api_metered_bytes"] for request, _ in ran)
    units = (max(math.ceil(step), 1) for step in steps)  # a step begun counts whole
    durations = (report.duration_ms or 0.0 for _, report in ran)
    return Usage(ran[0][1].memory_mb, fmean(durations), fmean(inits), fmean(units))
