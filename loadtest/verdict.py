"""What runs amount to and cost, and when provisioned concurrency costs no more than going without.

All prices are parameters (``prices.toml``); GB are 1024 MB, as Lambda counts.
"""

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from loadtest.load import Run
from loadtest.records import PREDICT, Request
from loadtest.summary import PERCENTS, Summary, summarize

Prices = Mapping[str, Any]
"""USD per unit, as the keys say, in one region at one date."""

PRICES: Prices = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
HEAD = (
    *("", "requests", "fails", "timed out", "refused", "cold", "cold ratio", "RPS"),
    *(f"p{percent}" for percent in PERCENTS),
    *("cold init", "spilled over", "$ per million"),
)
_MONTH_S = 30 * 24 * 3600
_MB_PER_GB = 1024
_MS_PER_S = 1000


class Usage(NamedTuple):
    """What one request takes on average: times in ms, ``api_units`` as the API meters them.

    ``init_ms`` is what initialising adds to the mean request on demand: cold ratio x init.
    """

    memory_mb: int
    duration_ms: float
    init_ms: float
    api_units: float


class Variant(NamedTuple):
    """All runs against one service, as one long run; money is None without the server's records.

    ``usage`` is that of predictions; ``row`` has the figures below HEAD.
    """

    name: str
    runs: Sequence[Run]
    provisioned: int
    everything: Summary
    predictions: Summary
    usage: Usage | None
    usd_per_million: float | None
    row: Sequence[str]


def sum_up(name: str, runs: Sequence[Run], provisioned: int, prices: Prices = PRICES) -> Variant:
    """Pool the runs of a variant."""
    duration_s = sum(run.duration_s for run in runs)
    requests = [request for run in runs for request in run.requests]
    predicting = [request for request in requests if request.name == PREDICT]
    everything, found = summarize(requests, duration_s), summarize(predicting, duration_s)
    spilled = [run.spilled_over for run in runs if run.spilled_over is not None]
    cold = [request.server for request in predicting if request.cold and request.server]
    inits = [report.init_ms for report in cold if report.init_ms is not None]
    usage, usd = _usage(predicting, prices), None
    if usage is not None:
        share = min(sum(spilled) / max(found.ok, 1), 1.0)
        usd = provisioned_usd(usage, provisioned, found.rps, prices, share) * 1e6
    figures = (
        *(found.requests, found.fails, found.timeouts, found.refused, found.cold),
        *(f"{found.cold_ratio:.2%}", f"{found.rps:.1f}"),
        *(found.latency.get(percent, "–") for percent in PERCENTS),
        *(f"{fmean(inits):.0f} ms" if inits else "–", sum(spilled) if spilled else "–"),
        "–" if usd is None else f"{usd:.2f}",
    )
    row = (name, *map(str, figures))
    return Variant(name, runs, provisioned, everything, found, usage, usd, row)


def passed_or_failed(
    summaries: Iterable[Summary], broken: Iterable[str] = (), *, failed: bool
) -> str:
    """How the runs ended, and which limits they broke."""
    counts = [(summary.requests, summary.fails, summary.refused) for summary in summaries]
    requests, fails, refused = map(sum, zip(*counts, strict=True))
    text = f"{fails or 'none'} of {requests} requests failed, {refused or 'none'} were refused."
    return " ".join(("Failed:" if failed else "Passed:", text, *broken))


def compare_variants(on_demand: Variant, ahead: Variant, prices: Prices = PRICES) -> Iterator[str]:
    """What provisioned environments buy and cost: the verdict, and the sentences behind it."""
    before, after = on_demand.predictions.latency, ahead.predictions.latency
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
    warm = _traffic(break_even_rps(usage._replace(init_ms=0.0), prices), count)
    measured = _traffic(break_even_rps(usage, prices), count)
    yield (
        f"Once each is busy {break_even_utilization(prices):.0%} of the time they cost no more than"
        f" on demand, cold starts left out: at the measured duration {warm}. With as many cold"
        f" starts saved as were measured here: {measured}. A run this short has more of them than"
        " steady traffic. Below the traffic that pays for it, provisioned concurrency buys latency,"
        " not money."
    )


def api_units(payload_bytes: int, prices: Prices) -> int:
    """How often a request is counted: once per 512 KB begun, at least once."""
    return max(math.ceil(payload_bytes / float(prices["api_metered_bytes"])), 1)


def on_demand_usd(usage: Usage, prices: Prices) -> float:
    """One request, where each cold start's init is billed as duration (since August 2025)."""
    return _usd(usage, usage.duration_ms + usage.init_ms, prices["gb_s"], prices)


def provisioned_usd(
    usage: Usage, environments: int, rps: float, prices: Prices, spilled_share: float = 0.0
) -> float:
    """One request, with its part of what ``environments`` cost at ``rps`` requests a second.

    What spills over is billed on demand, as is all without environments. No requests a second:
    infinitely dear.
    """
    if not environments:
        return on_demand_usd(usage, prices)
    if not rps:
        return math.inf
    inside = _usd(usage, usage.duration_ms, prices["provisioned_duration_gb_s"], prices)
    standing = standing_usd_per_s(usage.memory_mb, environments, prices) / rps
    return (1 - spilled_share) * inside + spilled_share * on_demand_usd(usage, prices) + standing


def standing_usd_per_s(memory_mb: int, environments: int, prices: Prices) -> float:
    """What provisioned environments cost each second, used or not."""
    return float(environments * memory_mb / _MB_PER_GB * prices["provisioned_gb_s"])


def break_even_utilization(prices: Prices) -> float:
    """Share of time a provisioned environment must be busy to cost no more than on demand.

    Idle or busy it costs ``p``, busy ``d`` more; on demand costs ``o`` while busy:
    p + u·d = u·o, so u = p / (o - d). Cold starts it saves are left out here.
    """
    saved = prices["gb_s"] - prices["provisioned_duration_gb_s"]
    return float(prices["provisioned_gb_s"] / saved)


def break_even_rps(usage: Usage, prices: Prices) -> float | None:
    """Requests a second, per provisioned environment, from which on it costs no more.

    r·o·(duration + init) = p + r·d·duration. None where one environment cannot serve as many:
    then provisioned concurrency never pays for itself, whatever the traffic.
    """
    saved = prices["gb_s"] * (usage.duration_ms + usage.init_ms)
    saved -= prices["provisioned_duration_gb_s"] * usage.duration_ms
    rps = prices["provisioned_gb_s"] * _MS_PER_S / saved if saved > 0 else math.inf
    return float(rps) if rps * usage.duration_ms <= _MS_PER_S else None


def _usd(usage: Usage, billed_ms: float, gb_s: float, prices: Prices) -> float:
    fees = prices["request"] + usage.api_units * prices["api_request"]
    return float(fees + usage.memory_mb / _MB_PER_GB * billed_ms / _MS_PER_S * gb_s)


def _traffic(rps: float | None, environments: int) -> str:
    if rps is None:
        return "never, for they cannot serve as much"
    rps *= environments
    millions = rps * _MONTH_S / 1e6
    return f"{rps:.2f} predictions a second without a pause, {millions:.2f} million a month"


def _usage(requests: Sequence[Request], prices: Prices) -> Usage | None:
    pairs = [(request, request.server) for request in requests if request.server]
    ran = [(request, report) for request, report in pairs if report.duration_ms is not None]
    if not ran:
        return None
    # A provisioned environment's init is no cold start, though a REPORT may show it.
    inits = (report.init_ms or 0.0 if request.cold else 0.0 for request, report in ran)
    units = (api_units(request.request_bytes, prices) for request, _ in ran)
    durations = (report.duration_ms or 0.0 for _, report in ran)
    return Usage(ran[0][1].memory_mb, fmean(durations), fmean(inits), fmean(units))
