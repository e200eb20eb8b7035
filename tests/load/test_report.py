"""The report and the tables, from runs made up for it."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from loadtest.generator import LoadSpec, Run
from loadtest.joined import join
from loadtest.report.cost import on_demand_usd, read_prices
from loadtest.report.page import About, write_report
from loadtest.report.plots import rps_by_users
from loadtest.report.verdict import payoff, sum_up
from loadtest.scaling import row_of, table
from loadtest.summary import summarize

LOAD = LoadSpec("Predict", users=4, spawn_rate=2, time_s=10, shape="spike")
ABOUT = About("A <title>", "nowhere", LOAD, "command --x", datetime(2026, 11, 21, tzinfo=UTC))
PRICES = read_prices()


def run_of(clients, servers=(), spilled_over=None, name="run") -> Run:
    found = summarize(clients)
    requests = join(name, clients, servers)
    users = ((100.0, 2), (101.0, 4))
    return Run(name, 0, 100.0, found.duration_s, requests, tuple(servers), users, spilled_over)


@pytest.fixture
def on_demand(client, server):
    """Ten predictions in ten seconds, the first of them cold: 10 ms and 400 ms of init."""
    clients = [
        client(start_s=100.0 + each, request_id=f"{each}", cold=each == 0, latency_ms=20.0)
        for each in range(10)
    ]
    servers = [
        server(request_id=f"{each}", end_s=100.0 + each, init_ms=400.0 if each == 0 else None)
        for each in range(10)
    ]
    return sum_up("on demand", [run_of(clients, servers, 0)], 0, PRICES)


@pytest.fixture
def ahead(client, server):
    """The same, provisioned: no request is cold, though the first REPORT shows an init."""
    clients = [
        client(start_s=100.0 + each, request_id=f"{each}", latency_ms=15.0) for each in range(10)
    ]
    servers = [
        server(request_id=f"{each}", end_s=100.0 + each, init_ms=400.0 if each == 0 else None)
        for each in range(10)
    ]
    return sum_up("2 provisioned", [run_of(clients, servers, 1)], 2, PRICES)


def test_what_initialising_adds_is_of_cold_requests_only(on_demand, ahead):
    assert (on_demand.usage.duration_ms, on_demand.usage.init_ms) == (10.0, 40.0)
    assert (ahead.usage.duration_ms, ahead.usage.init_ms) == (10.0, 0.0)
    assert (on_demand.init_ms, ahead.init_ms) == (400.0, None)


def test_cost_per_million_is_that_of_what_was_measured(on_demand):
    # 0.20 + 1.00 for the request, and 50 ms of 1 GB
    assert on_demand.usd_per_million == pytest.approx(1.2 + 0.05 * 16.6667)
    assert on_demand.usd_per_million == pytest.approx(on_demand_usd(on_demand.usage, PRICES) * 1e6)


def test_cost_of_provisioned_environments_is_shared_by_the_traffic_there_was(ahead):
    rps = ahead.predictions.rps
    inside, spilled = 1.2 + 0.01 * 9.7222, 1.2 + 0.01 * 16.6667

    expected = 0.9 * inside + 0.1 * spilled + 2 * 4.1667 / rps

    assert ahead.usd_per_million == pytest.approx(expected, rel=1e-6)


def test_the_payoff_is_of_all_environments(on_demand):
    paid = payoff(on_demand, 2, PRICES)

    # 1 GB: p / (o (d + i) - q d) = 4.1667 / (16.6667 * 0.05 - 9.7222 * 0.01), for each of two
    assert paid.break_even_rps == pytest.approx(2 * 4.1667 / (0.833335 - 0.097222), rel=1e-6)
    assert paid.warm_break_even_rps == pytest.approx(2 * 0.6 / 0.01, rel=1e-3)
    assert paid.standing_usd_per_month == pytest.approx(2 * 0.0000041667 * 30 * 86400)


def test_pooled_rounds_are_one_long_run(client):
    first = run_of([client(start_s=100.0, latency_ms=1000.0)])
    second = run_of([client(start_s=900.0, latency_ms=1000.0)])

    variant = sum_up("both", [first, second], 0, PRICES)

    assert variant.predictions.duration_s == pytest.approx(2.0)
    assert variant.predictions.rps == pytest.approx(1.0)


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
    page, _ = write_report(tmp_path, ABOUT, [on_demand, ahead], PRICES)

    text = page.read_text()
    outward = Outward()
    outward.feed(text)
    assert outward.fetched == []
    assert "@import" not in text
    assert text.count("<svg") == 4
    assert "A &lt;title&gt;" in text


def test_the_verdict_has_every_figure_asked_for(tmp_path: Path, on_demand, ahead):
    _, verdict = write_report(tmp_path, ABOUT, [on_demand, ahead], PRICES)

    assert "1 cold (10.00% of answers)" in verdict
    assert "p50 20 ms → 15 ms" in verdict
    assert "1 invocations spilled over" in verdict
    assert f"${on_demand.usd_per_million:.2f} per million" in verdict
    assert re.search(r"\d+\.\d\d million a month", verdict)


def test_the_markdown_shows_the_plots_that_lie_beside_it(tmp_path: Path, on_demand, ahead):
    write_report(tmp_path, ABOUT, [on_demand, ahead], PRICES)

    text = (tmp_path / "report.md").read_text()
    plots = re.findall(r"!\[.+\]\((.+\.svg)\)", text)
    assert plots == ["latency.svg", "percentiles.svg", "rps.svg", "environments.svg"]
    assert all((tmp_path / plot).read_text().startswith("<svg") for plot in plots)
    table_lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table_lines}) == 1


def test_a_run_without_cold_starts_has_a_report(tmp_path: Path, ahead):
    page, verdict = write_report(tmp_path, ABOUT, [ahead], PRICES)

    assert "0 cold (0.00% of answers)" in verdict
    assert page.is_file()


def test_a_run_without_requests_has_a_report(tmp_path: Path):
    empty = sum_up("empty", [Run("run", 0, 0.0, 0.0, (), (), (), None)], 0, PRICES)

    _, verdict = write_report(tmp_path, ABOUT, [empty], PRICES)

    assert verdict == "empty: no predictions."


def test_without_the_servers_side_no_money_is_named(tmp_path: Path, client):
    alone = sum_up("alone", [run_of([client()])], 0, PRICES)

    _, verdict = write_report(tmp_path, ABOUT, [alone], PRICES)

    assert "$" not in verdict
    assert not (tmp_path / "environments.svg").exists()


def test_timeouts_are_shown_as_lower_bounds(tmp_path: Path, client):
    cut_off = client(outcome="timeout", latency_ms=29_000.0, cold=None)
    variant = sum_up("slow", [run_of([client(), cut_off])], 0, PRICES)

    _, verdict = write_report(tmp_path, ABOUT, [variant], PRICES)

    assert "1 failed (1 of them timed out, censored)" in verdict
    assert "p100 ≥ 29000 ms" in verdict


def test_answers_a_second_are_counted_where_they_end(client):
    run = run_of([client(start_s=100.5, latency_ms=600.0), client(start_s=101.0)])

    assert rps_by_users(run) == [(2, 0), (4, 2)]


def test_the_scaling_table_has_the_published_columns(client):
    clients = [client(start_s=100.0, latency_ms=60_000.0), client(outcome="refused", cold=None)]

    head, _, line = table([row_of(2, LOAD, run_of(clients))]).splitlines()

    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert head.count("|") == line.count("|")
    assert cells == ["2", "4", "2", "0.0", "2", "0", "1", *["60000 ms"] * 3, "1.0"]
