"""What the commands run: one load on any address, the same load with and without provisioned
environments, and the same load on more and more environments."""

# ruff: noqa: T201 - a command line prints

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path

from infra.deploy.reports import AwsReports
from infra.local.aws_lambda.report import LocalReports
from loadtest.load import Run, collect, generate_load, run_fresh
from loadtest.plots import draw_bars, draw_plots
from loadtest.report import LoadReport
from loadtest.summary import broken_limits
from loadtest.verdict import Variant, compare_variants, sum_up

_WARM_UP = ("--run-time", "10s")
_SETTLE_S = 120  # CloudWatch shows what happened that late
Options = argparse.Namespace
Load = tuple[str, ...]  # Locust's options


def run(options: Options, load: Load, folder: Path) -> LoadReport:
    """One run against any address, which Ctrl-C ends early; failed by a broken limit or, without
    one of the error rate, by any failure."""
    with suppress(KeyboardInterrupt):
        generate_load("run", folder, options.url.rstrip("/"), load)
    if options.aws:
        print(f"== waiting {_SETTLE_S} s for CloudWatch", flush=True)
        time.sleep(_SETTLE_S)
    variant = sum_up("run", [collect("run", folder, _source(options))], options.provisioned)
    broken = list(broken_limits(options, variant.everything))
    plots, tolerant = draw_plots({"run": variant.runs}), options.max_error_rate is not None
    return conclude("Load test", options.url, [variant], plots, (), broken, tolerant=tolerant)


def compare(options: Options, load: Load, folder: Path) -> LoadReport:
    """The same load without and with provisioned environments, in turn (A B A B …), a fresh service
    each. The first pair warms the machine (disk cache, processor clock) and is discarded."""
    most = options.environments
    ahead = options.provisioned or most
    provisioned = {"on demand": 0, f"{ahead} provisioned": ahead}
    runs: dict[str, list[Run]] = {name: [] for name in provisioned}
    for turn, (name, count) in product(range(options.rounds + 1), provisioned.items()):
        print(f"== {name}, {f'round {turn}' if turn else 'warm-up, discarded'}", flush=True)
        of_turn, run_name = load if turn else (*load, *_WARM_UP), f"{name.replace(' ', '-')}-{turn}"
        finished = run_fresh(run_name, folder, of_turn, options.model, (most, count))
        runs[name] += [finished] if turn else []
    variants = [sum_up(name, runs[name], count) for name, count in provisioned.items()]
    sentences = compare_variants(variants[0], variants[1])
    title = "What provisioned concurrency buys"
    target = f"{most} local environments, {options.model}"
    return conclude(title, target, variants, draw_plots(runs), sentences)


def scaling(options: Options, load: Load, folder: Path) -> LoadReport:
    """The same load on more and more environments, all of them ready before."""
    variants: dict[tuple[int, int], Variant] = {}
    for environments, users in product(options.environments, options.users):
        print(f"== {environments} environments, {users} users", flush=True)
        name, of_run = f"{environments}-environments-{users}-users", (*load, "--users", str(users))
        finished = run_fresh(name, folder, of_run, options.model, (environments,) * 2)
        title = f"{environments} env., {users} users"
        variants[environments, users] = sum_up(title, [finished], environments)
    labels = [variant.name.replace(", ", "\n") for variant in variants.values()]
    rates = {key: variant.everything.rps for key, variant in variants.items()}
    plots = {"Good answers a second": draw_bars(labels, list(rates.values()))}
    target = f"{options.model}, environments ready before the load, on the client's machine"
    return conclude("Scaling", target, [*variants.values()], plots, [describe_scaling(rates)])


def conclude(  # noqa: PLR0913, PLR0917 - what a report shows
    title: str,
    target: str,
    variants: Sequence[Variant],
    plots: Mapping[str, str],
    sentences: Iterable[str] = (),
    broken: Sequence[str] = (),
    *,
    tolerant: bool = False,
) -> LoadReport:
    """How the runs ended comes last where ``sentences`` say more, but first if they failed: if a
    limit is ``broken`` or a request failed, unless they are ``tolerant`` of that."""
    everything = (variant.everything for variant in variants)
    counts = ((run.requests, run.fails, run.refused) for run in everything)
    requests, fails, refused = map(sum, zip(*counts, strict=True))
    failed = bool(broken) or (fails > 0 and not tolerant)
    text = f"{fails or 'none'} of {requests} requests failed, {refused or 'none'} were refused."
    ending = " ".join(("Failed:" if failed else "Passed:", text, *broken))
    sentences = [ending, *sentences] if failed else [*sentences, ending]
    runs = [run for variant in variants for run in variant.runs]
    rows = ((key, *(variant.figures[key] for variant in variants)) for key in variants[0].figures)
    table = [("", *(variant.name for variant in variants)), *rows]
    return LoadReport(title, target, failed, sentences, table, plots, runs)


def describe_scaling(rates: Mapping[tuple[int, int], float]) -> str:
    """Good answers a second by environments and users: from the fewest environments to the most."""
    (fewest, _), (most, _) = min(rates), max(rates)
    gains = (
        f"{rates[fewest, users]:.1f} → {rates[most, users]:.1f} with {users} users"
        for users in sorted({users for _, users in rates})
    )
    return f"Good answers a second, {fewest} → {most} environments: {', '.join(gains)}."


def _source(options: Options) -> AwsReports | LocalReports | None:
    if options.data is not None:
        return LocalReports(options.data / "logs" / "requests.jsonl")
    if options.aws is None:
        return None
    import boto3  # noqa: PLC0415 - half a second that only AWS needs

    return AwsReports(boto3.client("logs"), boto3.client("cloudwatch"), *options.aws)
