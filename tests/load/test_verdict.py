"""Costs against arithmetic by hand, with prices that make it easy."""

from math import inf

import pytest

from loadtest.verdict import (
    PRICES,
    Usage,
    api_units,
    break_even_rps,
    break_even_utilization,
    on_demand_usd,
    provisioned_usd,
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


def test_on_demand_is_fees_and_gigabyte_seconds():
    assert on_demand_usd(USAGE, SIMPLE) == pytest.approx(1 + 2 + 2 * 0.5 * 10)


def test_cold_starts_are_billed_as_duration_on_demand():
    cold = USAGE._replace(init_ms=250.0)

    assert on_demand_usd(cold, SIMPLE) == pytest.approx(1 + 2 + 2 * 0.75 * 10)


def test_provisioned_shares_what_it_costs_to_stand_ready():
    # Four environments of 2 GB cost 4 * 2 * 3 = 24 a second; two requests a second share it.
    assert provisioned_usd(USAGE, 4, 2.0, SIMPLE) == pytest.approx(3 + 2 * 0.5 * 5 + 12)


def test_what_spills_over_is_billed_on_demand():
    half = provisioned_usd(USAGE, 4, 2.0, SIMPLE, spilled_share=0.5)

    assert half == pytest.approx((8 + 13) / 2 + 12)


def test_without_traffic_a_request_is_infinitely_dear():
    assert provisioned_usd(USAGE, 1, 0.0, SIMPLE) == inf


def test_standing_ready_costs_by_environment_and_memory():
    assert standing_usd_per_s(512, 3, SIMPLE) == pytest.approx(3 * 0.5 * 3)


def test_break_even_utilization_is_where_both_cost_the_same():
    busy = break_even_utilization(SIMPLE)

    assert busy == pytest.approx(3 / (10 - 5))
    rps = busy / 0.5  # requests of 500 ms a second keep an environment that busy
    assert provisioned_usd(USAGE, 1, rps, SIMPLE) == pytest.approx(on_demand_usd(USAGE, SIMPLE))


def test_break_even_traffic_is_where_both_cost_the_same_cold_starts_included():
    usage = USAGE._replace(init_ms=100.0)

    rps = break_even_rps(usage, SIMPLE)

    assert rps == pytest.approx(3 / (10 * 0.6 - 5 * 0.5))
    assert provisioned_usd(usage, 1, rps, SIMPLE) == pytest.approx(on_demand_usd(usage, SIMPLE))


def test_what_cannot_be_busy_enough_never_pays_for_itself():
    dear = SIMPLE | {"provisioned_gb_s": 6.0}  # needs 6 / (10 - 5) = 120 % of the time

    assert break_even_rps(USAGE, dear) is None


@pytest.mark.parametrize(
    ("payload", "units"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3)]
)
def test_the_api_counts_a_request_once_per_step_begun(payload: int, units: int):
    assert api_units(payload, SIMPLE) == units


def test_the_prices_file_says_where_and_when_and_adds_up():
    prices = PRICES

    assert (prices["region"], prices["date"]) == ("us-east-1", "2026-11")
    assert break_even_utilization(prices) == pytest.approx(0.6, abs=1e-3)
    # 1769 MB for 20 ms: 0.20 + 1.00 + 1.7275390625 * 0.02 * 16.6667 = 1.7758 USD a million
    usage = Usage(memory_mb=1769, duration_ms=20.0, init_ms=0.0, api_units=1.0)
    assert on_demand_usd(usage, prices) * 1e6 == pytest.approx(1.7758, abs=1e-4)
