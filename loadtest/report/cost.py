"""What requests cost, and when provisioned concurrency costs no more than going without.

All prices are parameters (``prices.toml``); GB are 1024 MB, as Lambda counts.
"""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

PRICES_FILE = Path(__file__).with_name("prices.toml")
MONTH_S = 30 * 24 * 3600
_MB_PER_GB = 1024
_MS_PER_S = 1000


@dataclass(frozen=True)
class Prices:
    """USD per unit in one region at one date."""

    region: str
    date: str
    architecture: str
    request: float
    gb_s: float
    provisioned_gb_s: float
    provisioned_duration_gb_s: float
    api_request: float
    api_metered_bytes: int


@dataclass(frozen=True)
class Usage:
    """What one request takes on average: times in ms, ``api_units`` as the API meters them.

    ``init_ms`` is what initialising adds to the mean request on demand: cold ratio x init.
    """

    memory_mb: int
    duration_ms: float
    init_ms: float
    api_units: float


def read_prices(path: Path = PRICES_FILE) -> Prices:
    """The prices in a file."""
    table = tomllib.loads(path.read_text("utf-8"))
    return Prices(
        region=table["region"],
        date=table["date"],
        architecture=table["architecture"],
        request=table["lambda"]["request"],
        gb_s=table["lambda"]["gb_s"],
        provisioned_gb_s=table["lambda"]["provisioned_gb_s"],
        provisioned_duration_gb_s=table["lambda"]["provisioned_duration_gb_s"],
        api_request=table["http_api"]["request"],
        api_metered_bytes=table["http_api"]["metered_bytes"],
    )


def api_units(payload_bytes: int, prices: Prices) -> int:
    """How often a request is counted: once per 512 KB begun, at least once."""
    return max(math.ceil(payload_bytes / prices.api_metered_bytes), 1)


def on_demand_usd(usage: Usage, prices: Prices) -> float:
    """One request, where each cold start's init is billed as duration (since August 2025)."""
    seconds = (usage.duration_ms + usage.init_ms) / _MS_PER_S
    return _fees_usd(usage, prices) + _gb(usage.memory_mb) * seconds * prices.gb_s


def provisioned_usd(
    usage: Usage, environments: int, rps: float, prices: Prices, spilled_share: float = 0.0
) -> float:
    """One request, with its part of what ``environments`` cost at ``rps`` requests a second.

    What spills over is billed on demand. No requests a second: infinitely dear.
    """
    if not rps:
        return math.inf
    seconds = usage.duration_ms / _MS_PER_S
    used = _gb(usage.memory_mb) * seconds * prices.provisioned_duration_gb_s
    inside = _fees_usd(usage, prices) + used
    spilled = spilled_share * on_demand_usd(usage, prices)
    kept = standing_usd_per_s(usage.memory_mb, environments, prices) / rps
    return (1 - spilled_share) * inside + spilled + kept


def standing_usd_per_s(memory_mb: int, environments: int, prices: Prices) -> float:
    """What provisioned environments cost each second, used or not."""
    return environments * _gb(memory_mb) * prices.provisioned_gb_s


def break_even_utilization(prices: Prices) -> float:
    """Share of time a provisioned environment must be busy to cost no more than on demand.

    Idle or busy it costs ``p``, busy ``d`` more; on demand costs ``o`` while busy:
    p + u·d = u·o, so u = p / (o - d). Cold starts it saves are left out here.
    """
    return prices.provisioned_gb_s / (prices.gb_s - prices.provisioned_duration_gb_s)


def break_even_rps(usage: Usage, prices: Prices) -> float | None:
    """Requests a second, per provisioned environment, from which on it costs no more.

    r·o·(duration + init) = p + r·d·duration. None where one environment cannot serve as many:
    then provisioned concurrency never pays for itself, whatever the traffic.
    """
    saved = prices.gb_s * (usage.duration_ms + usage.init_ms)
    saved -= prices.provisioned_duration_gb_s * usage.duration_ms
    if saved <= 0:
        return None
    rps = prices.provisioned_gb_s * _MS_PER_S / saved
    return rps if rps * usage.duration_ms <= _MS_PER_S else None


def _fees_usd(usage: Usage, prices: Prices) -> float:
    return prices.request + usage.api_units * prices.api_request


def _gb(memory_mb: int) -> float:
    return memory_mb / _MB_PER_GB
