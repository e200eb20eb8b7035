"""Costs against arithmetic by hand, with prices that make it easy."""

from math import inf

import pytest

from infra.deploy.costs import (
    PRICES,
    Usage,
    break_even_utilization,
    request_usd,
    standing_usd_per_s,
)

SIMPLE = {
    "request": 1.0,
    "gb_s": 10.0,
    "provisioned_gb_s": 3.0,
    "provisioned_duration_gb_s": 5.0,
    "api_request": 2.0,
    "api_metered_bytes": 100,
}
USAGE = Usage(memory_mb=2048, duration_ms=500.0, init_ms=0.0, api_units=1.0)


@pytest.mark.parametrize(("init_ms", "billed_s"), [(0.0, 0.5), (250.0, 0.75)])
def test_on_demand_is_fees_and_gigabyte_seconds_cold_starts_among_them(init_ms, billed_s):
    usage = USAGE._replace(init_ms=init_ms)

    assert request_usd(usage, SIMPLE) == pytest.approx(1 + 2 + 2 * billed_s * 10)


def test_provisioned_shares_what_it_costs_to_stand_ready():
    # Four environments of 2 GB cost 4 * 2 * 3 = 24 a second; two requests a second share it.
    assert request_usd(USAGE, SIMPLE, 4, 2.0) == pytest.approx(3 + 2 * 0.5 * 5 + 12)
    assert request_usd(USAGE, SIMPLE, 4, 0.0) == inf
    # What spills over is billed on demand.
    half = request_usd(USAGE, SIMPLE, 4, 2.0, spilled_share=0.5)
    assert half == pytest.approx((8 + 13) / 2 + 12)
    assert standing_usd_per_s(512, 3, SIMPLE) == pytest.approx(3 * 0.5 * 3)


@pytest.mark.parametrize("init_ms", [0.0, 100.0])
def test_break_even_is_where_both_cost_the_same_cold_starts_included(init_ms: float):
    usage = USAGE._replace(init_ms=init_ms)

    busy = break_even_utilization(usage, SIMPLE)

    assert busy == pytest.approx(3 / (10 * (0.5 + init_ms / 1000) / 0.5 - 5))
    rps = busy / 0.5  # requests of 500 ms a second keep an environment that busy
    assert request_usd(usage, SIMPLE, 1, rps) == pytest.approx(request_usd(usage, SIMPLE))


def test_the_prices_file_says_where_and_when_and_adds_up():
    usage = Usage(memory_mb=1769, duration_ms=20.0, init_ms=0.0, api_units=1.0)

    assert (PRICES["region"], PRICES["date"]) == ("us-east-1", "2026-11")
    assert break_even_utilization(usage, PRICES) == pytest.approx(0.6, abs=1e-3)
    # 1769 MB for 20 ms: 0.20 + 1.00 + 1.7275390625 * 0.02 * 16.6667 = 1.7758 USD a million
    assert request_usd(usage, PRICES) * 1e6 == pytest.approx(1.7758, abs=1e-4)
