"""The report and the tables, from runs made up for it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from loadtest.experiments import SCALING_HEAD, describe_scaling, scaling_row
from loadtest.load import Run
from loadtest.plots import draw_plots, rates_by_users
from loadtest.report import Report, write_report
from loadtest.summary import summarize
from loadtest.verdict import (
    HEAD,
    PRICES,
    Variant,
    break_even_rps,
    compare_variants,
    on_demand_usd,
    passed_or_failed,
    sum_up,
)


def run_of(clients, servers=(), spilled_over=None) -> Run:
    by_id = {each.request_id: each for each in servers}
    requests = tuple(replace(each, server=by_id.get(each.request_id)) for each in clients)
    users = ((100.0, 2), (101.0, 4))
    took_s = summarize(clients).duration_s
    return Run("run", 100.0, took_s, requests, tuple(servers), users, spilled_over)


def write(folder: Path, variants: list[Variant], *sentences: str) -> str:
    """The page."""
    plots = draw_plots({variant.name: variant.runs for variant in variants})
    runs = [run for variant in variants for run in variant.runs]
    rows = [variant.row for variant in variants]
    failed, verdict = False, sentences or ["Good."]
    report = Report("A <title>", "here", failed, verdict, HEAD, rows, plots, runs)
    write_report(report, folder, "command --x", "--users 4", datetime(2026, 11, 21, tzinfo=UTC))
    return (folder / "report.html").read_text()


def figures(variant: Variant) -> dict[str, str]:
    return dict(zip(HEAD, variant.row, strict=True))


@pytest.fixture
def on_demand(client, server):
    """Ten predictions in ten seconds, the first of them cold: 10 ms and 400 ms of init."""
    clients = [
        client(start_s=100.0 + each, request_id=f"{each}", cold=each == 0, latency_ms=20.0)
        for each in range(10)
    ]
    servers = [
        server(request_id=f"{each}", time=100.0 + each, init_ms=400.0 if each == 0 else None)
        for each in range(10)
    ]
    return sum_up("on demand", [run_of(clients, servers, 0)], 0)


@pytest.fixture
def ahead(client, server):
    """The same, provisioned: no request is cold, though the first REPORT shows an init."""
    clients = [
        client(start_s=100.0 + each, request_id=f"{each}", latency_ms=15.0) for each in range(10)
    ]
    servers = [
        server(request_id=f"{each}", time=100.0 + each, init_ms=400.0 if each == 0 else None)
        for each in range(10)
    ]
    return sum_up("2 provisioned", [run_of(clients, servers, 1)], 2)


def test_what_initialising_adds_is_of_cold_requests_only(on_demand, ahead):
    assert (on_demand.usage.duration_ms, on_demand.usage.init_ms) == (10.0, 40.0)
    assert (ahead.usage.duration_ms, ahead.usage.init_ms) == (10.0, 0.0)
    assert [figures(each)["cold init"] for each in (on_demand, ahead)] == ["400 ms", "–"]


def test_cost_per_million_is_that_of_what_was_measured(on_demand):
    # 0.20 + 1.00 for the request, and 50 ms of 1 GB
    assert on_demand.usd_per_million == pytest.approx(1.2 + 0.05 * 16.6667)
    assert on_demand.usd_per_million == pytest.approx(on_demand_usd(on_demand.usage, PRICES) * 1e6)


def test_cost_of_provisioned_environments_is_shared_by_the_traffic_there_was(ahead):
    rps = ahead.predictions.rps
    inside, spilled = 1.2 + 0.01 * 9.7222, 1.2 + 0.01 * 16.6667

    expected = 0.9 * inside + 0.1 * spilled + 2 * 4.1667 / rps

    assert ahead.usd_per_million == pytest.approx(expected, rel=1e-6)


def test_the_verdict_has_every_figure_asked_for(on_demand, ahead):
    verdict, latency, payoff = compare_variants(on_demand, ahead)

    # 1 GB: p / (o (d + i) - q d) = 4.1667 / (16.6667 * 0.05 - 9.7222 * 0.01), for each of two
    measured = 2 * 4.1667 / (0.833335 - 0.097222)
    assert break_even_rps(on_demand.usage, PRICES) * 2 == pytest.approx(measured, rel=1e-6)
    assert verdict.startswith("2 provisioned environments: p99 20 ms → 15 ms, p100 20 ms → 15 ms")
    assert f"${2 * 0.0000041667 * 30 * 86400:.2f} a month" in verdict
    assert "p50 20 ms → 15 ms, p95 20 ms → 15 ms" in latency
    assert f"at the measured duration {2 * 0.6 / 0.01:.2f} predictions a second" in payoff
    assert f"measured here: {measured:.2f} predictions a second" in payoff


def test_the_table_has_every_figure_asked_for(on_demand, ahead):
    row = figures(on_demand)

    assert (row["requests"], row["cold"], row["cold ratio"]) == ("10", "1", "10.00%")
    assert (row["p50"], row["p100"], row["RPS"]) == ("20 ms", "20 ms", "1.1")
    assert row["$ per million"] == f"{on_demand.usd_per_million:.2f}"
    assert [figures(each)["spilled over"] for each in (on_demand, ahead)] == ["0", "1"]


def test_pooled_rounds_are_one_long_run(client):
    first = run_of([client(start_s=100.0, latency_ms=1000.0)])
    second = run_of([client(start_s=900.0, latency_ms=1000.0)])

    variant = sum_up("both", [first, second], 0)

    assert variant.predictions.duration_s == pytest.approx(2.0)
    assert variant.predictions.rps == pytest.approx(1.0)


def test_failures_and_broken_limits_are_named(client):
    summaries = [summarize([client(), client(outcome="timeout")]), summarize([client()])]

    assert passed_or_failed(summaries, ["p95 is 9 ms."], failed=True) == (
        "Failed: 1 of 3 requests failed, none were refused. p95 is 9 ms."
    )


class Outward(HTMLParser):
    """Whatever of a page would be fetched when it opens, and ids that drawn paths refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            loads = name in ("src", "srcset", "data") or (
                name.endswith("href") and tag not in ("a", "use", "metadata")
            )
            if loads and not (value or "").startswith(("data:", "#")):
                self.fetched.append(f"{tag} {name} {value}")


def test_the_page_fetches_nothing(tmp_path: Path, on_demand, ahead):
    text = write(tmp_path, [on_demand, ahead])

    outward = Outward()
    outward.feed(text)
    assert outward.fetched == []
    assert "@import" not in text
    assert text.count("<svg") == 4
    assert "A &lt;title&gt;" in text


def test_the_verdict_comes_first_in_both_forms(tmp_path: Path, on_demand, ahead):
    page = write(tmp_path, [on_demand, ahead], "The verdict.", "The reason.")

    for text in (page, (tmp_path / "report.md").read_text()):
        parts = [text.index(part) for part in ("The verdict.", "The reason.", "command --x")]
        assert parts == sorted(parts)
        assert parts[0] < text.index("$ per million") < parts[-1]


def test_the_markdown_shows_the_plots_that_lie_beside_it(tmp_path: Path, on_demand, ahead):
    write(tmp_path, [on_demand, ahead])

    text = (tmp_path / "report.md").read_text()
    plots = re.findall(r"!\[.+\]\((.+\.svg)\)", text)
    assert plots == ["latency.svg", "percentiles.svg", "rps.svg", "environments.svg"]
    assert all((tmp_path / plot).read_text().startswith("<svg") for plot in plots)
    table_lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table_lines) == 4
    assert len({line.count("|") for line in table_lines}) == 1


def test_runs_without_requests_or_cold_starts_have_a_report(tmp_path: Path, ahead):
    empty = sum_up("empty", [Run("run", 0.0, 0.0, (), (), (), None)], 0)

    assert "empty" in write(tmp_path, [empty])
    assert "0.00%" in write(tmp_path, [ahead])


def test_without_the_servers_side_no_money_is_named(tmp_path: Path, client):
    alone = sum_up("alone", [run_of([client()])], 0)
    ahead = sum_up("1 provisioned", [run_of([client()])], 1)

    write(tmp_path, [alone])

    assert alone.row[-1] == "–"
    assert "$" not in "".join(compare_variants(alone, ahead))
    assert not (tmp_path / "environments.svg").exists()


def test_timeouts_are_shown_as_lower_bounds(client):
    cut_off = client(outcome="timeout", latency_ms=29_000.0, cold=None)
    row = figures(sum_up("slow", [run_of([client(), cut_off])], 0))

    assert (row["fails"], row["timed out"], row["p100"]) == ("1", "1", "≥ 29000 ms")


def test_answers_a_second_are_counted_where_they_end(client):
    run = run_of([client(start_s=100.5, latency_ms=600.0), client(start_s=101.0)])

    assert rates_by_users(run) == [(2, 0), (4, 2)]


def test_the_scaling_table_has_the_published_columns_and_its_sentence_the_gain(client):
    found = summarize([client(latency_ms=60_000.0), client(outcome="refused", cold=None)])
    faster = summarize([client(latency_ms=30_000.0)] * 3)

    cells = dict(zip(SCALING_HEAD, scaling_row(2, 4, "5", found), strict=True))

    assert list(cells.values()) == ["2", "4", "5", "0.0", "2", "0", "1", *["60000 ms"] * 3, "1.0"]
    assert "1 → 2 environments: 0.0 → 0.1 with 4 users" in describe_scaling(
        {(1, 4): found, (2, 4): faster}
    )
