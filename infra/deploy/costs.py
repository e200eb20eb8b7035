"""What requests to a function cost, and when provisioned concurrency costs no more than none.

All prices are parameters (``prices.toml``); GB are 1024 MB, as Lambda counts.
"""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Prices = Mapping[str, Any]
"""USD per unit, as the keys say, in one region at one date."""

PRICES: Prices = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
_MB_PER_GB, _MS_PER_S = 1024, 1000


class Usage(NamedTuple):
    """What one request takes on average."""

    memory_mb: int
    duration_ms: float
    init_ms: float  # added to the mean request on demand: cold ratio x init
    api_units: float  # as the API meters them


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
