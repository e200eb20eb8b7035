"""The report: one page that needs nothing else, and the same as Markdown with plots beside it."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from loadtest.generator import LoadSpec
from loadtest.joined import write_joined
from loadtest.report.cost import MONTH_S, Prices
from loadtest.report.plots import all_plots
from loadtest.report.verdict import Payoff, Variant, payoff

_TEMPLATES = Path(__file__).with_name("templates")
_PLOTS = {
    "latency": "Latency over time",
    "percentiles": "Percentiles, cold and warm",
    "rps": "Answers a second and users",
    "environments": "Environments over time",
}


@dataclass(frozen=True)
class About:
    """What was run, where and when."""

    title: str
    target: str
    load: LoadSpec
    command: str
    started: datetime


def write_report(
    folder: Path, about: About, variants: Sequence[Variant], prices: Prices
) -> tuple[Path, str]:
    """Write report.html, report.md, requests.csv and the plots; gives the page and the verdict."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = all_plots({each.name: each.runs for each in variants})
    for name, svg in plots.items():
        (folder / f"{name}.svg").write_text(svg, "utf-8")
    runs = [run for each in variants for run in each.runs]
    write_joined(folder / "requests.csv", [each for run in runs for each in run.requests])
    sentences = list(verdict_sentences(variants, prices))
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("report.html", "report.md"):
        text = templates.get_template(f"{name}.j2").render(
            about=about,
            machine=machine(),
            variants=variants,
            rows=[(each.name, *_figures(each)) for each in variants],
            plots=[(key, _PLOTS[key], svg) for key, svg in plots.items()],
            runs=runs,
            sentences=sentences,
            prices=prices,
        )
        (folder / name).write_text(text, "utf-8")
    return folder / "report.html", "\n".join(sentences)


def report_folder(root: Path, kind: str) -> Path:
    """A new folder below ``root`` named for the time."""
    return root / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-{kind}"


def machine() -> str:
    """Processor, cores and memory of this machine, which may be client and server in one."""
    names = [
        line.partition(":")[2].strip()
        for line in _lines(Path("/proc/cpuinfo"))
        if line.startswith("model name")
    ]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}"


def verdict_sentences(variants: Sequence[Variant], prices: Prices) -> Iterable[str]:
    """The verdict on predictions: each variant's, then what the difference buys and costs."""
    for variant in variants:
        yield _sentence(variant)
    on_demand = next((each for each in variants if not each.provisioned), None)
    ahead = next((each for each in variants if each.provisioned), None)
    if on_demand is None or ahead is None:
        return
    before, after = on_demand.predictions.latency, ahead.predictions.latency
    if before is not None and after is not None:
        yield (
            f"Latency, {on_demand.name} → {ahead.name}: p50 {before.p50} → {after.p50},"
            f" p95 {before.p95} → {after.p95}, p99 {before.p99} → {after.p99},"
            f" p100 {before.p100} → {after.p100}."
        )
    paid = payoff(on_demand, ahead.provisioned, prices)
    if paid is not None:
        yield from _payoff_sentences(paid)


def _payoff_sentences(paid: Payoff) -> Iterable[str]:
    yield (
        f"{paid.provisioned} provisioned environments cost"
        f" ${paid.standing_usd_per_month:.2f} a month (30 days) before the first request. Once each"
        f" is busy {paid.break_even_utilization:.0%} of the time they cost no more than on demand,"
        f" cold starts left out: at the measured duration {_traffic(paid.warm_break_even_rps)}."
    )
    yield (
        f"With as many cold starts saved as were measured here: {_traffic(paid.break_even_rps)}."
        " A run this short has more of them than steady traffic. Below the traffic that pays for"
        " it, provisioned concurrency buys latency, not money."
    )


def _traffic(rps: float | None) -> str:
    if rps is None:
        return "never, for they cannot serve as much"
    return (
        f"{rps:.2f} predictions a second without a pause, {rps * MONTH_S / 1e6:.2f} million a month"
    )


def _sentence(variant: Variant) -> str:
    found = variant.predictions
    if not found.requests:
        return f"{variant.name}: no predictions."
    text = (
        f"{variant.name}: {found.requests} predictions, {found.cold} cold"
        f" ({found.cold_ratio:.2%} of answers), {found.fails} failed ({found.timeouts} of them"
        f" timed out, censored), {found.refused} refused"
    )
    if found.latency is not None:
        at = found.latency
        text += f"; p50 {at.p50}, p95 {at.p95}, p99 {at.p99}, p100 {at.p100}"
    if variant.init_ms is not None:
        text += f"; init of cold starts {variant.init_ms:.0f} ms on average"
    if variant.spilled_over is not None:
        text += f"; {variant.spilled_over} invocations spilled over"
    if variant.usd_per_million is not None:
        text += f"; ${variant.usd_per_million:.2f} per million"
        text += f" at {found.rps:.1f} a second" if variant.provisioned else ""
    return f"{text}."


def _figures(variant: Variant) -> tuple[str, ...]:
    found = variant.predictions
    at = found.latency
    shown = (at.p50, at.p95, at.p99, at.p100) if at is not None else ("–",) * 4
    spilled = "–" if variant.spilled_over is None else f"{variant.spilled_over}"
    usd = "–" if variant.usd_per_million is None else f"{variant.usd_per_million:.2f}"
    counts = (found.requests, found.fails, found.timeouts, found.refused, found.cold)
    return (
        *(f"{each}" for each in counts),
        f"{found.cold_ratio:.2%}",
        f"{found.rps:.1f}",
        *(f"{each}" for each in shown),
        spilled,
        usd,
    )


def _lines(path: Path) -> Sequence[str]:
    return path.read_text("utf-8").splitlines() if path.is_file() else ()
