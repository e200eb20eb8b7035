"""The report and the tables, from runs made up for it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.costs import PRICES
from loadtest.experiments import conclude, describe_scaling
from loadtest.load import Run
from loadtest.plots import draw_bars, draw_plots, rates_by_users
from loadtest.report import LoadReport, write_report
from loadtest.verdict import Variant, compare_variants, sum_up
from tests.load.conftest import run_of


def drawn(*variants: Variant) -> dict[str, str]:
    return draw_plots({variant.name: variant.runs for variant in variants})


def conclusion(variants: list[Variant], *sentences: str, **options: Any) -> LoadReport:
    return conclude("A <title>", "here", variants, options.pop("plots", {}), sentences, **options)


def write(folder: Path, report: LoadReport) -> str:
    """The page."""
    write_report(report, folder, "command --x", "--users 4", datetime(2026, 11, 21, tzinfo=UTC))
    return (folder / "report.html").read_text()


def variant_of(client, server, name: str, provisioned: int, latency_ms: float) -> Variant:
    """Ten predictions in ten seconds, 10 ms each; the first REPORT shows 400 ms of init, whether it
    was a cold start or not, and with provisioned environments one spilled over."""
    clients, servers = [], []
    for number in range(10):
        key, cold = f"{number}", number == 0 and not provisioned
        start_s, init_ms = 100.0 + number, None if number else 400.0
        clients += [client(start_s=start_s, request_id=key, cold=cold, latency_ms=latency_ms)]
        servers += [server(request_id=key, time=start_s, init_ms=init_ms)]
    return sum_up(name, [run_of(clients, servers, min(provisioned, 1))], provisioned)


@pytest.fixture
def on_demand(client, server):
    return variant_of(client, server, "on demand", 0, 20.0)


@pytest.fixture
def ahead(client, server):
    return variant_of(client, server, "2 provisioned", 2, 15.0)


def test_what_initialising_adds_is_of_cold_requests_only(on_demand, ahead):
    assert (on_demand.usage.duration_ms, on_demand.usage.init_ms) == (10.0, 40.0)
    assert (ahead.usage.duration_ms, ahead.usage.init_ms) == (10.0, 0.0)
    assert [variant.figures["cold init"] for variant in (on_demand, ahead)] == ["400 ms", "–"]


@pytest.mark.parametrize(("bytes_sent", "units"), [(0, 1), (100, 1), (101, 2), (200, 2), (201, 3)])
def test_the_api_counts_a_request_once_per_step_begun(bytes_sent, units, client, server):
    run, prices = run_of([client(request_bytes=bytes_sent)], [server()]), {"api_metered_bytes": 100}

    assert sum_up("", [run], 0, PRICES | prices).usage.api_units == units


def test_cost_per_million_is_that_of_what_was_measured(on_demand, ahead):
    # 0.20 + 1.00 for the request, and 50 ms of 1 GB; provisioned, a tenth of it spilled over
    inside, spilled = 1.2 + 0.01 * 9.7222, 1.2 + 0.01 * 16.6667
    shared = 0.9 * inside + 0.1 * spilled + 2 * 4.1667 / ahead.statistics.rps

    assert on_demand.figures["$ per million"] == f"{1.2 + 0.05 * 16.6667:.2f}"
    assert ahead.figures["$ per million"] == f"{shared:.2f}"


def test_the_verdict_has_every_figure_asked_for(on_demand, ahead):
    verdict, latency, payoff = compare_variants(on_demand, ahead)

    # 1 GB: p / (o (d + i) - q d) = 4.1667 / (16.6667 * 0.05 - 9.7222 * 0.01), for each of two
    measured = 2 * 4.1667 / (0.833335 - 0.097222)
    assert verdict.startswith("2 provisioned environments: p99 20 ms → 15 ms, p100 20 ms → 15 ms")
    assert f"${2 * 0.0000041667 * 30 * 86400:.2f} a month" in verdict
    assert "p50 20 ms → 15 ms, p95 20 ms → 15 ms" in latency
    assert f"at the measured duration {2 * 0.6 / 0.01:.2f} predictions a second" in payoff
    assert f"measured here: {measured:.2f} predictions a second" in payoff


def test_the_table_has_every_figure_asked_for(on_demand, ahead):
    head, *rows = conclusion([on_demand, ahead]).table
    columns = {name: (before, after) for name, before, after in rows}

    assert head == ("", "on demand", "2 provisioned")
    assert (columns["requests"], columns["cold"]) == (("10", "10"), ("1", "0"))
    assert (columns["cold ratio"], columns["spilled over"]) == (("10.00%", "0.00%"), ("0", "1"))
    assert (columns["p50"], columns["RPS"]) == (("20 ms", "15 ms"), ("1.1", "1.1"))
    assert columns.keys() >= {"fails", "timeouts", "refused", "p95", "p99", "p100", "minutes"}


def test_pooled_rounds_are_one_long_run_of_any_requests(client):
    runs = [run_of([client(name="GET /", latency_ms=1000.0)]) for _ in range(2)]

    variant = sum_up("both", runs, 0)

    assert (variant.statistics.duration_s, variant.statistics.rps) == pytest.approx((2.0, 1.0))


def test_failures_and_broken_limits_come_first(client):
    good, bad = run_of([client()]), run_of([client(), client(outcome="timeout")])
    variants = [sum_up("good", [good], 0), sum_up("bad", [bad], 0)]
    failed, passed = "Failed: 1 of 3 requests failed, none were refused.", "Passed: none of 1"

    assert conclusion(variants, "Why.").sentences == [failed, "Why."]
    assert conclusion(variants, broken=["p95."]).sentences == [f"{failed} p95."]
    assert conclusion(variants[:1], "Good.").sentences[1].startswith(passed)


# What is fetched when a page opens; drawn paths refer to ids.
FETCHED = re.compile(r'<(?!a )[^>]*\s(?:src|srcset|data|[\w:]*href)="(?!data:|#)[^"]*')


def test_the_page_fetches_nothing(tmp_path: Path, on_demand, ahead):
    text = write(tmp_path, conclusion([on_demand, ahead], plots=drawn(on_demand, ahead)))

    assert FETCHED.search('<img alt="x" src="http://x">')
    assert FETCHED.findall(text) == []
    assert "@import" not in text
    assert text.count("<svg") == 4
    assert "A &lt;title&gt;" in text


def test_the_verdict_comes_first_in_both_forms(tmp_path: Path, on_demand, ahead):
    plots = drawn(on_demand)
    report = conclusion([on_demand, ahead], "The verdict.", "The reason.", plots=plots)
    page = write(tmp_path, report)
    markdown = (tmp_path / "report.md").read_text()

    for text in (page, markdown):
        places = [text.index(part) for part in ("The verdict.", "The reason.", "command --x")]
        assert places == sorted(places)
        assert places[0] < text.index("$ per million") < places[-1]
    files = re.findall(r"!\[.+\]\((.+\.svg)\)", markdown)
    assert [(tmp_path / file).read_text() for file in files] == list(plots.values())
    assert {line.count("|") for line in markdown.splitlines() if line.startswith("|")} == {4}


def test_runs_without_requests_have_a_report(tmp_path: Path):
    empty = sum_up("empty", [Run("run", 0.0, 0.0, (), (), (), None)], 0)

    assert "empty" in write(tmp_path, conclusion([empty], plots=drawn(empty)))


def test_without_the_servers_side_no_money_is_named(client):
    alone, ahead = (sum_up("a", [run_of([client()])], count) for count in (0, 1))

    assert alone.figures["$ per million"] == "–"
    assert "$" not in "".join(compare_variants(alone, ahead))
    assert "Environments over time" not in drawn(alone)


def test_answers_a_second_are_counted_where_they_end(client):
    run = run_of([client(start_s=100.5, latency_ms=600.0), client(start_s=101.0)])

    assert rates_by_users(run) == [(2, 0), (4, 2)]


def test_scaling_shows_the_gain():
    sentence = describe_scaling({(1, 4): 0.03, (2, 4): 0.1})

    assert sentence.endswith("1 → 2 environments: 0.0 → 0.1 with 4 users.")
    assert draw_bars(["1", "2"], [0.03, 0.1]).startswith("<svg")
