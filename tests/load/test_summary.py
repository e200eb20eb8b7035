"""Counts, rates and percentiles."""

from argparse import Namespace

import pytest

from loadtest.summary import Percentile, broken_limits, percentiles, summarize


def test_percentiles_are_nearest_ranks(client):
    hundred = percentiles(client(latency_ms=float(rank)) for rank in range(1, 101))

    assert [percentile.ms for percentile in hundred.values()] == [50, 95, 99, 100]
    assert set(percentiles([client(latency_ms=7.0)]).values()) == {Percentile(7.0, censored=False)}


def test_a_timeout_makes_the_percentiles_above_it_lower_bounds(client):
    fast, slow = [client(latency_ms=10.0)] * 97, [client(latency_ms=30_000.0)]
    cut_off = [client(latency_ms=29_000.0, outcome="timeout")] * 2

    latency = [str(percentile) for percentile in percentiles([*slow, *fast, *cut_off]).values()]

    assert latency == ["10 ms", "10 ms", "≥ 29000 ms", "≥ 30000 ms"]


def test_refused_and_failed_requests_have_no_part_in_percentiles(client):
    rows = [client(outcome="refused", latency_ms=1.0), client(outcome="failed", latency_ms=1.0)]

    assert percentiles(rows) == {}
    assert percentiles([*rows, client(latency_ms=50.0)])[50].ms == 50


def test_outcomes_are_counted_apart(client):
    rows = [
        client(outcome="ok", start_s=0.0, latency_ms=1000.0, cold=True),
        client(outcome="ok", start_s=1.0, latency_ms=3000.0),
        client(outcome="refused", cold=None),
        client(outcome="timeout", cold=None),
        client(outcome="failed", cold=None),
    ]

    counted = summarize(rows, duration_s=4.0)

    assert (counted.requests, counted.ok, counted.refused) == (5, 2, 1)
    assert (counted.timeouts, counted.fails) == (1, 2)
    rates = (counted.error_rate, counted.cold_ratio, counted.rps)
    assert rates == pytest.approx((2 / 4, 1 / 2, 0.5))


def test_a_run_lasts_from_the_first_start_to_the_last_end(client):
    rows = [client(start_s=10.0, latency_ms=5000.0), client(start_s=11.0, latency_ms=500.0)]

    assert summarize(rows).duration_s == pytest.approx(5.0)


def test_no_requests_are_no_figures():
    nothing = summarize([])

    assert (nothing.requests, nothing.rps, nothing.error_rate, nothing.cold_ratio) == (0, 0, 0, 0)
    assert nothing.latency == {}


def broken(requests, p95_ms: float | None, errors: float | None, cold: float | None) -> list[str]:
    limits = Namespace(max_p95_ms=p95_ms, max_error_rate=errors, max_cold_ratio=cold)
    return list(broken_limits(limits, summarize(requests)))


def test_limits_that_are_kept_or_not_there_say_nothing(client):
    assert broken([client(latency_ms=20.0)], 20, 0, 0) == []
    assert broken([client(outcome="failed")], None, None, None) == []


def test_each_broken_limit_is_named_with_its_figure(client):
    rows = [client(latency_ms=500.0, cold=True), client(outcome="failed", cold=None)]

    assert broken(rows, 100, 0.1, 0.5) == [
        "p95-ms is 500, above --max-p95-ms 100.",
        "error-rate is 0.5, above --max-error-rate 0.1.",
        "cold-ratio is 1, above --max-cold-ratio 0.5.",
    ]


def test_a_run_without_good_answers_keeps_no_limit(client):
    assert broken([client(outcome="refused")], 1e9, None, None) == [
        "Without one good answer --max-p95-ms is not kept."
    ]
