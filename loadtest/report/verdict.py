"""What runs of one variant amount to, and what provisioned concurrency buys: figures only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from loadtest.generator import Run
from loadtest.joined import JoinedRequest
from loadtest.record import PREDICT
from loadtest.report.cost import (
    MONTH_S,
    Prices,
    Usage,
    api_units,
    break_even_rps,
    break_even_utilization,
    on_demand_usd,
    provisioned_usd,
    standing_usd_per_s,
)
from loadtest.summary import Summary, summarize

_MILLION = 1_000_000


@dataclass(frozen=True)
class Variant:
    """All runs against one service; ``usage`` and money are None without the server's records.

    ``rps`` is of predictions that were run, in ``usd_per_million`` too.
    """

    name: str
    runs: tuple[Run, ...]
    provisioned: int
    everything: Summary
    predictions: Summary
    init_ms: float | None
    spilled_over: int | None
    usage: Usage | None
    usd_per_million: float | None


@dataclass(frozen=True)
class Payoff:
    """What ``provisioned`` environments cost and save; requests a second are of all of them.

    ``break_even_rps`` with the cold starts that were measured, ``warm_break_even_rps`` without
    any; None where the environments can never be busy enough.
    """

    provisioned: int
    standing_usd_per_month: float
    break_even_utilization: float
    break_even_rps: float | None
    warm_break_even_rps: float | None


def sum_up(name: str, runs: Sequence[Run], provisioned: int, prices: Prices) -> Variant:
    """Pool the runs of a variant: their requests are those of one long run."""
    duration_s = sum(run.duration_s for run in runs)
    requests = [each for run in runs for each in run.requests]
    predicting = [each for each in requests if each.client.name == PREDICT]
    predictions = summarize(predicting, duration_s)
    spilled = [run.spilled_over for run in runs if run.spilled_over is not None]
    usage = _usage(predicting, prices)
    spilled_share = min(sum(spilled) / max(predictions.ok, 1), 1.0)
    return Variant(
        name=name,
        runs=tuple(runs),
        provisioned=provisioned,
        everything=summarize(requests, duration_s),
        predictions=predictions,
        init_ms=_init_ms(predicting),
        spilled_over=sum(spilled) if spilled else None,
        usage=usage,
        usd_per_million=_usd_per_million(
            usage, provisioned, predictions.rps, spilled_share, prices
        ),
    )


def payoff(on_demand: Variant, provisioned: int, prices: Prices) -> Payoff | None:
    """When ``provisioned`` environments cost no more than what ``on_demand`` measured."""
    usage = on_demand.usage
    if usage is None:
        return None
    each = break_even_rps(usage, prices)
    warm = break_even_rps(replace(usage, init_ms=0.0), prices)
    return Payoff(
        provisioned=provisioned,
        standing_usd_per_month=standing_usd_per_s(usage.memory_mb, provisioned, prices) * MONTH_S,
        break_even_utilization=break_even_utilization(prices),
        break_even_rps=None if each is None else each * provisioned,
        warm_break_even_rps=None if warm is None else warm * provisioned,
    )


def _usage(requests: Sequence[JoinedRequest], prices: Prices) -> Usage | None:
    ran = [
        (each.client.request_bytes, each.server, each.cold)
        for each in requests
        if each.server is not None and each.server.duration_ms is not None
    ]
    if not ran:
        return None
    # A provisioned environment's init is no cold start, though a REPORT may show it.
    inits = (server.init_ms or 0.0 if cold else 0.0 for _, server, cold in ran)
    return Usage(
        memory_mb=ran[0][1].memory_mb,
        duration_ms=fmean(server.duration_ms or 0.0 for _, server, _ in ran),
        init_ms=fmean(inits),
        api_units=fmean(api_units(size_bytes, prices) for size_bytes, _, _ in ran),
    )


def _usd_per_million(
    usage: Usage | None, provisioned: int, rps: float, spilled_share: float, prices: Prices
) -> float | None:
    if usage is None:
        return None
    if not provisioned:
        return on_demand_usd(usage, prices) * _MILLION
    return provisioned_usd(usage, provisioned, rps, prices, spilled_share) * _MILLION


def _init_ms(requests: Sequence[JoinedRequest]) -> float | None:
    inits = [
        each.server.init_ms
        for each in requests
        if each.cold and each.server is not None and each.server.init_ms is not None
    ]
    return fmean(inits) if inits else None
