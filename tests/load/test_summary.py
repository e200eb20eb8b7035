"""Counts, rates and percentiles."""

from argparse import Namespace

import pytest

from loadtest.summary import Percentile, broken_limits, percentiles, summarize


def test_percentiles_are_nearest_ranks(client):
    found = percentiles(client(latency_ms=float(each)) for each in range(1, 101))

    assert [each.ms for each in found.values()] == [50, 95, 99, 100]


def test_one_request_is_all_percentiles(client):
    found = percentiles([client(latency_ms=7.0)])

    assert set(found.values()) == {Percentile(7.0, censored=False)}


def test_a_timeout_makes_the_percentiles_above_it_lower_bounds(client):
    fast = [client(latency_ms=10.0)] * 97
    cut_off = [client(latency_ms=29_000.0, outcome="timeout")] * 3

    found = percentiles([*fast, *cut_off])

    assert (found[50], found[95]) == (Percentile(10, censored=False),) * 2
    assert (found[99], found[100]) == (Percentile(29_000, censored=True),) * 2
    assert str(found[99]) == "≥ 29000 ms"


def test_a_slow_answer_above_a_timeout_is_a_lower_bound_too(client):
    found = percentiles(
        [client(latency_ms=29_000.0, outcome="timeout"), client(latency_ms=30_000.0)]
    )

    assert found[100].censored


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

    found = summarize(rows, duration_s=4.0)

    counts = (found.requests, found.ok, found.refused, found.timeouts, found.failed)
    assert counts == (5, 2, 1, 1, 1)
    assert found.fails == 2
    assert found.error_rate == pytest.approx(2 / 4)
    assert found.cold_ratio == pytest.approx(1 / 2)
    assert found.rps == pytest.approx(0.5)


def test_a_run_lasts_from_the_first_start_to_the_last_end(client):
    rows = [client(start_s=10.0, latency_ms=5000.0), client(start_s=11.0, latency_ms=500.0)]

    assert summarize(rows).duration_s == pytest.approx(5.0)


def test_no_requests_are_no_figures():
    found = summarize([])

    assert (found.requests, found.rps, found.error_rate, found.cold_ratio) == (0, 0, 0, 0)
    assert found.latency == {}


def limits(p95_ms: float | None, errors: float | None, cold: float | None) -> Namespace:
    return Namespace(max_p95_ms=p95_ms, max_error_rate=errors, max_cold_ratio=cold)


def test_kept_limits_say_nothing(client):
    good = summarize([client(latency_ms=20.0)])
    assert list(broken_limits(limits(20, 0, 0), good)) == []


def test_each_broken_limit_is_named_with_what_was_found(client):
    rows = [client(latency_ms=500.0, cold=True), client(outcome="failed", cold=None)]

    assert list(broken_limits(limits(100, 0.1, 0.5), summarize(rows))) == [
        "p95 is 500 ms, above --max-p95-ms 100.",
        "Error rate is 0.5000 (1 of 2), above --max-error-rate 0.1.",
        "Cold ratio is 1.0000 (1 of 1), above --max-cold-ratio 0.5.",
    ]


def test_a_run_without_good_answers_keeps_no_limit(client):
    (sentence,) = broken_limits(limits(1e9, None, None), summarize([client(outcome="refused")]))

    assert "not one good answer" in sentence


def test_without_limits_nothing_is_broken(client):
    failed = summarize([client(outcome="failed")])
    assert list(broken_limits(limits(None, None, None), failed)) == []
