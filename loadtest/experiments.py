"""What the commands run: one load on any address, the same load with and without provisioned
environments, and the same load on more and more environments."""

# ruff: noqa: T201 - a command line prints

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, product
from pathlib import Path

from infra.deploy.reports import AwsReports
from infra.local.aws_lambda.report import LocalReports
from loadtest.load import Run, collect, generate_load, run_fresh
from loadtest.plots import draw_bars, draw_plots
from loadtest.report import Report
from loadtest.summary import Summary, add_limits, broken_limits, summarize
from loadtest.verdict import HEAD, compare_variants, passed_or_failed, sum_up

SCALING_HEAD = (
    *("environments", "users", "spawn rate", "RPS", "requests", "fails", "refused"),
    *("p50", "p95", "p100", "minutes"),
)
_WARM_UP = ("--run-time", "10s")
Options = argparse.Namespace
Load = tuple[str, ...]
"""Locust's options."""


def run(options: Options, load: Load, folder: Path) -> Report:
    """One run against any address; it failed if Locust's exit code says so."""
    failed = bool(generate_load("run", folder, options.url.rstrip("/"), load))
    if options.log_group:
        print(f"== waiting {options.settle_s:.0f} s for CloudWatch", flush=True)
        time.sleep(options.settle_s)
    variant = sum_up("run", [collect("run", folder, _source(options))], options.provisioned)
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_limits(parser.add_argument)
    broken = broken_limits(parser.parse_known_args(load)[0], variant.everything)
    sentences = [passed_or_failed([variant.everything], broken, failed=failed)]
    title, plots = "Load test", draw_plots({"run": variant.runs})
    return Report(title, options.url, failed, sentences, HEAD, [variant.row], plots, variant.runs)


def compare(options: Options, load: Load, folder: Path) -> Report:
    """The same load without and with provisioned environments, in turn (A B A B …), a fresh service
    each. The first pair warms the machine (disk cache, processor clock) and is discarded; cold
    starts are of every service's own environments, so they stay measured."""
    provisioned = {"on demand": 0, f"{options.provisioned} provisioned": options.provisioned}
    runs: dict[str, list[Run]] = {name: [] for name in provisioned}
    for turn, name in turns(options.rounds, tuple(provisioned)):
        print(f"== {name}, {f'round {turn}' if turn else 'warm-up, discarded'}", flush=True)
        service = _service(options, options.environments, provisioned[name])
        of_turn = load if turn else (*load, *_WARM_UP)
        finished = run_fresh(f"{name.replace(' ', '-')}-{turn}", folder, of_turn, *service)
        runs[name] += [finished] if turn else []
    variants = [sum_up(name, runs[name], count) for name, count in provisioned.items()]
    failed = any(variant.everything.fails for variant in variants)
    sentences = list(compare_variants(variants[0], variants[1]))
    ending = passed_or_failed([variant.everything for variant in variants], failed=failed)
    sentences.insert(0 if failed else len(sentences), ending)
    title = "What provisioned concurrency buys"
    target = f"{options.environments} local environments, {options.model}"
    rows, plots = [variant.row for variant in variants], draw_plots(runs)
    all_runs = [*chain(*runs.values())]
    return Report(title, target, failed, sentences, HEAD, rows, plots, all_runs)


def scaling(options: Options, load: Load, folder: Path) -> Report:
    """The same load on more and more environments, all of them ready before."""
    runs: dict[tuple[int, int], Run] = {}
    for environments, users in product(options.environments, options.users):
        print(f"== {environments} environments, {users} users", flush=True)
        service = (*_service(options, environments, environments), "--queue", str(options.queue))
        name, of_run = f"{environments}-environments-{users}-users", (*load, "--users", str(users))
        runs[environments, users] = run_fresh(name, folder, of_run, *service)
    found = {key: summarize(finished.requests) for key, finished in runs.items()}
    failed = any(summary.fails for summary in found.values())
    sentences = [describe_scaling(found), passed_or_failed(found.values(), failed=failed)]
    sentences = sentences[::-1] if failed else sentences
    rows = [scaling_row(*key, options.spawn_rate, summary) for key, summary in found.items()]
    labels = [f"{environments} env.\n{users} users" for environments, users in found]
    plots = {"scaling": draw_bars(labels, [summary.rps for summary in found.values()])}
    target = f"{options.model}, environments ready before the load, on the client's machine"
    return Report("Scaling", target, failed, sentences, SCALING_HEAD, rows, plots, [*runs.values()])


def scaling_row(environments: int, users: int, rate: str, found: Summary) -> tuple[str, ...]:
    """The figures below SCALING_HEAD: of all requests, whatever they were for."""
    counts = (found.requests, found.fails, found.refused)
    waits = (found.latency.get(percent, "–") for percent in (50, 95, 100))
    figures = (environments, users, rate, f"{found.rps:.1f}", *counts, *waits)
    return *map(str, figures), f"{found.duration_s / 60:.1f}"


def describe_scaling(found: Mapping[tuple[int, int], Summary]) -> str:
    """From the fewest environments to the most, for each number of users."""
    (fewest, _), (most, _) = min(found), max(found)
    rates = (
        f"{found[fewest, users].rps:.1f} → {found[most, users].rps:.1f} with {users} users"
        for users in sorted({users for _, users in found})
    )
    return f"Good answers a second, {fewest} → {most} environments: {', '.join(rates)}."


def turns(rounds: int, names: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Who runs when: round 0 is the warm-up, and every round has each name once, in turn."""
    return product(range(rounds + 1), names)


def _service(options: Options, environments: int, provisioned: int) -> tuple[str, ...]:
    most = ("--environments", str(environments), "--provisioned", str(provisioned))
    return *most, "--model", options.model


def _source(options: Options) -> AwsReports | LocalReports | None:
    if options.data is not None:
        return LocalReports(options.data / "logs" / "requests.jsonl")
    if options.log_group is None:
        return None
    import boto3  # noqa: PLC0415 - half a second that only AWS needs

    clients = boto3.client("logs"), boto3.client("cloudwatch")
    return AwsReports(*clients, options.log_group, options.function)
