"""What runs amount to and cost, and what provisioned concurrency buys."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from infra.deploy import costs
from infra.deploy.costs import PRICES, Prices, Usage
from loadtest.load import Run
from loadtest.records import PREDICT, Request
from loadtest.summary import PERCENTS, Statistics, summarize

_MONTH_S = 30 * 24 * 3600


class Variant(NamedTuple):
    """All runs against one service, as one long run; ``figures`` are ``statistics`` to be read."""

    name: str
    runs: Sequence[Run]
    provisioned: int
    everything: Statistics
    statistics: Statistics  # of predictions, if there were any
    usage: Usage | None  # of the same, None without the server's records
    figures: Mapping[str, str]


def sum_up(name: str, runs: Sequence[Run], provisioned: int, prices: Prices = PRICES) -> Variant:
    """Pool the runs of a variant."""
    duration_s = sum(run.duration_s for run in runs)
    requests = [request for run in runs for request in run.requests]
    judged = [request for request in requests if request.name == PREDICT] or requests
    everything, statistics = summarize(requests, duration_s), summarize(judged, duration_s)
    spilled = [run.spilled_over for run in runs if run.spilled_over is not None]
    cold = (request.server for request in judged if request.cold and request.server)
    inits = [report.init_ms for report in cold if report.init_ms is not None]
    usage, usd = _usage(judged, prices), None
    if usage is not None:
        share = min(sum(spilled) / max(statistics.ok, 1), 1.0)
        usd = costs.request_usd(usage, prices, provisioned, statistics.rps, share) * 1e6
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


def compare_variants(on_demand: Variant, ahead: Variant, prices: Prices = PRICES) -> Iterator[str]:
    """What provisioned environments buy and cost: the verdict, and the sentences behind it."""
    before, after = on_demand.statistics.latency, ahead.statistics.latency
    pairs = {key: f"p{key} {before[key]} → {after[key]}" for key in PERCENTS if before and after}
    buys = ", ".join(pairs[percent] for percent in (99, 100) if pairs) or "no answers to compare"
    usage, count = on_demand.usage, ahead.provisioned
    if usage is None:
        yield f"{count} provisioned environments: {buys}."
        return
    month_usd = costs.standing_usd_per_s(usage.memory_mb, count, prices) * _MONTH_S
    cost = f"${month_usd:.2f} a month (30 days) before the first request"
    yield f"{count} provisioned environments: {buys}, for {cost}."
    yield f"Latency, {on_demand.name} → {ahead.name}: {', '.join(pairs.values())}."
    always_warm = usage._replace(init_ms=0.0)
    busy = costs.break_even_utilization(always_warm, prices)
    yield (
        f"Once each is busy {busy:.0%} of the time they cost no more than on demand, cold starts"
        f" left out: at the measured duration {_traffic(always_warm, count, prices)}. With as many"
        f" cold starts saved as were measured here: {_traffic(usage, count, prices)}. A run this"
        " short has more of them than steady traffic. Below the traffic that pays for it,"
        " provisioned concurrency buys latency, not money."
    )


def _traffic(usage: Usage, environments: int, prices: Prices) -> str:
    utilization = costs.break_even_utilization(usage, prices)
    if utilization > 1:
        return "never, for they cannot serve as much"
    rps = environments * utilization * 1000 / usage.duration_ms
    monthly = f"{rps * _MONTH_S / 1e6:.2f} million a month"
    return f"{rps:.2f} predictions a second without a pause, {monthly}"


def _usage(requests: Sequence[Request], prices: Prices) -> Usage | None:
    ran = [(each, each.server) for each in requests if each.server and each.server.duration_ms]
    if not ran:
        return None
    # A provisioned environment's init is no cold start, though a REPORT may show it.
    inits = (report.init_ms or 0.0 if request.cold else 0.0 for request, report in ran)
    metered = prices["api_metered_bytes"]  # a step begun counts whole
    units = (max(math.ceil(request.request_bytes / metered), 1) for request, _ in ran)
    durations = (report.duration_ms or 0.0 for _, report in ran)
    return Usage(ran[0][1].memory_mb, fmean(durations), fmean(inits), fmean(units))
