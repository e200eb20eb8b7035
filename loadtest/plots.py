"""The report's plots as SVG text: drawn paths, no fonts or files from elsewhere."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from loadtest.load import Run
from loadtest.summary import percentiles

_KINDS = {  # colour and marker
    "no cold start": ("#4477aa", "."),
    "cold start": ("#cc3311", "D"),
    "refused": ("#bbbbbb", "x"),
    "failed": ("black", "x"),
    "timeout": ("black", "^"),
}
_COLORS = ("#4477aa", "#ee7733", "#009988", "#aa3377")
_PERCENTS = (50, 75, 90, 95, 99, 100)
_WIDTH, _HEIGHT = 8.0, 3.0  # inches, of a panel
_SECONDS = "seconds since the run began"

Variants = Mapping[str, Sequence[Run]]  # of the same load, by what they were run against


def draw_plots(variants: Variants) -> dict[str, str]:
    """SVG by title; a plot without anything to show is left out."""
    latency = {name: partial(_draw_latency, runs) for name, runs in variants.items()}
    percents = {"Latency of good answers": partial(_draw_percentiles, variants)}
    rates = {"Good answers, each second": partial(_draw_rates, variants)}
    plots = {
        "Latency over time": _plot(latency, _SECONDS, "latency, ms"),
        "Percentiles of cold and warm": _plot(percents, "", "ms"),
        "Answers a second and users": _plot(rates, "users", "per second"),
    }
    if any(run.server for runs in variants.values() for run in runs):
        working = {name: partial(_draw_environments, runs) for name, runs in variants.items()}
        plots["Environments over time"] = _plot(working, _SECONDS, "environments at work")
    return plots


def draw_bars(labels: Sequence[str], values: Sequence[float]) -> str:
    """Good answers a second, a bar for each label, as SVG."""
    draw = partial(Axes.bar, x=labels, height=values, color=_COLORS[0])
    bars = {"Good answers a second": lambda axes: axes.bar_label(draw(axes), fmt="%.1f")}
    return _plot(bars, "", "per second")


def rates_by_users(run: Run) -> list[tuple[int, int]]:
    """(users, good answers that ended) for each second with users."""
    ended = Counter(int(request.end_s) for request in run.requests if request.outcome == "ok")
    return [(users, ended[int(second)]) for second, users in run.users if users]


def _draw_latency(runs: Sequence[Run], axes: Axes) -> None:
    points = defaultdict(list)
    for run in runs:
        for request in run.requests:
            good = "cold start" if request.cold else "no cold start"
            kind = good if request.outcome == "ok" else request.outcome
            points[kind].append((request.start_s - run.start_s, request.latency_ms))
    for kind in filter(points.get, _KINDS):
        color, marker = _KINDS[kind]
        # Thousands of points are drawn as one picture, or the page would weigh megabytes.
        x, y = zip(*points[kind], strict=True)
        axes.scatter(x, y, s=12, c=color, marker=marker, label=kind, rasterized=True)
        axes.set_yscale("log")


def _draw_percentiles(variants: Variants, axes: Axes) -> None:
    for color, (name, runs) in zip(_COLORS, variants.items(), strict=False):
        good = [request for run in runs for request in run.requests if request.outcome == "ok"]
        for label, cold, style in (("cold", True, "D--"), ("warm", False, "o-")):
            if some := [request for request in good if request.cold is cold]:
                latency = percentiles(some, _PERCENTS)
                names, heights = [f"p{rank}" for rank in latency], [p.ms for p in latency.values()]
                axes.plot(names, heights, style, c=color, label=f"{name}, {label} ({len(some)})")
                axes.set_yscale("log")


def _draw_rates(variants: Variants, axes: Axes) -> None:
    for color, (name, runs) in zip(_COLORS, variants.items(), strict=False):
        if points := [point for run in runs for point in rates_by_users(run)]:
            users, rates = zip(*points, strict=True)
            axes.scatter(users, rates, s=14, c=color, alpha=0.6, label=name)


def _draw_environments(runs: Sequence[Run], axes: Axes) -> None:
    """Different environments at work each second, by function; every run drawn over the others."""
    for number, run in enumerate(runs):
        working = {
            (record.function, int(record.time - run.start_s), record.environment_id)
            for record in run.server
            if record.environment_id and record.time >= run.start_s  # not those made ready before
        }
        counts = Counter((function, second) for function, second, _ in working)
        for color, function in zip(_COLORS, sorted({name for name, _ in counts}), strict=False):
            seconds = range(max(second for name, second in counts if name == function) + 1)
            heights = [counts[function, second] for second in seconds]
            label = None if number else function
            axes.step(seconds, heights, where="post", c=color, label=label, alpha=0.7)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _plot(panels: Mapping[str, Callable[[Axes], object]], xlabel: str, ylabel: str) -> str:
    """Panels by title below each other, as SVG."""
    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True, sharey=True)
    for axes, (title, draw) in zip(grid[:, 0], panels.items(), strict=True):
        draw(axes)
        axes.set(title=title, ylabel=ylabel)
        axes.grid(visible=True, alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="best")
    axes.set_xlabel(xlabel)
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "loadtest"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, dpi=110)
    return text.getvalue()[text.getvalue().index("<svg") :]
