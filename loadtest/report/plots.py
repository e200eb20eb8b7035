"""The report's plots as SVG text: drawn paths, no fonts or files from elsewhere."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from loadtest.generator import Run
from loadtest.joined import JoinedRequest

_WARM, _COLD, _LOST = "#4477aa", "#cc3311", "#bbbbbb"
_COLORS = ("#4477aa", "#ee7733", "#009988", "#aa3377")
_PERCENTS = (50, 75, 90, 95, 99, 100)
_PANEL = (8.0, 3.0)  # inches

_Wanted = Callable[[JoinedRequest], bool]

Variants = Mapping[str, Sequence[Run]]
"""Runs of the same load by what they were run against."""


def all_plots(variants: Variants) -> dict[str, str]:
    """SVG by name; a plot without anything to show is left out."""
    drawn = {
        "latency": _panels(variants, _latency),
        "percentiles": _percentiles(variants),
        "rps": _rps(variants),
    }
    if any(run.server for runs in variants.values() for run in runs):
        drawn["environments"] = _panels(variants, _environments)
    return {name: _svg(figure) for name, figure in drawn.items()}


def bars(title: str, labels: Sequence[str], values: Sequence[float], unit: str) -> str:
    """A bar for each label, as SVG."""
    figure, axes = _figure(1)
    drawn = axes[0].bar(labels, values, color=_WARM)
    axes[0].bar_label(drawn, fmt="%.1f")
    axes[0].set(title=title, ylabel=unit)
    return _svg(figure)


def _panels(variants: Variants, draw: Callable[[Axes, Sequence[Run]], None]) -> Figure:
    figure, all_axes = _figure(len(variants))
    for axes, (name, runs) in zip(all_axes, variants.items(), strict=True):
        draw(axes, runs)
        axes.set_title(name)
    all_axes[-1].set_xlabel("seconds since the run began")
    return figure


def _latency(axes: Axes, runs: Sequence[Run]) -> None:
    requests = [(run.start_s, each) for run in runs for each in run.requests]
    kinds: tuple[tuple[str, str, str, _Wanted], ...] = (
        ("no cold start", _WARM, ".", lambda each: each.outcome == "ok" and not each.cold),
        ("cold start", _COLD, "D", lambda each: each.outcome == "ok" and bool(each.cold)),
        ("refused", _LOST, "x", lambda each: each.outcome == "refused"),
        ("failed or timed out", "black", "x", lambda each: each.outcome in ("failed", "timeout")),
    )
    for label, color, marker, wanted in kinds:
        points = [(each.start_s - at, each.latency_ms) for at, each in requests if wanted(each)]
        if points:
            # Thousands of points are drawn as one picture, or the page would weigh megabytes.
            seconds, waits = zip(*points, strict=True)
            axes.scatter(seconds, waits, s=12, c=color, marker=marker, label=label, rasterized=True)
    if requests:
        axes.set_yscale("log")
        axes.legend(loc="best")
    axes.set_ylabel("latency, ms")


def _percentiles(variants: Variants) -> Figure:
    figure, (axes,) = _figure(1)
    for color, (name, runs) in zip(_COLORS, variants.items(), strict=False):
        for label, cold, style in (("cold", True, "D--"), ("warm", False, "o-")):
            waits = sorted(
                each.latency_ms
                for run in runs
                for each in run.requests
                if each.cold is cold and each.outcome == "ok"
            )
            if waits:
                ranks = (max(-(-percent * len(waits) // 100), 1) for percent in _PERCENTS)
                heights = [waits[rank - 1] for rank in ranks]
                text = f"{name}, {label} ({len(waits)})"
                axes.plot([f"p{each}" for each in _PERCENTS], heights, style, c=color, label=text)
    if axes.lines:
        axes.set_yscale("log")
        axes.legend(loc="best")
    axes.set(title="Latency of good answers", ylabel="ms")
    return figure


def _rps(variants: Variants) -> Figure:
    figure, (axes,) = _figure(1)
    for color, (name, runs) in zip(_COLORS, variants.items(), strict=False):
        points = [point for run in runs for point in rps_by_users(run)]
        if points:
            users, rps = zip(*points, strict=True)
            axes.scatter(users, rps, s=14, c=color, alpha=0.6, label=name)
    if axes.collections:
        axes.legend(loc="best")
    axes.set(title="Good answers, each second", xlabel="users", ylabel="per second")
    return figure


def rps_by_users(run: Run) -> list[tuple[int, int]]:
    """(users, good answers that ended) for each second with users."""
    ended = Counter(
        int(each.start_s + each.latency_ms / 1000) for each in run.requests if each.outcome == "ok"
    )
    return [(users, ended[int(second)]) for second, users in run.users if users]


def _environments(axes: Axes, runs: Sequence[Run]) -> None:
    """Different environments at work each second, by function; every run drawn over the others."""
    labelled = set()
    for run in runs:
        working: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for each in run.server:
            if each.environment_id and each.end_s >= run.start_s:  # not those made ready before
                second = int(each.end_s - run.start_s)
                working[each.function][second].add(each.environment_id)
        for color, function in zip(_COLORS, sorted(working), strict=False):
            seconds = range(max(working[function]) + 1)
            counts = [len(working[function][second]) for second in seconds]
            label = None if function in labelled else function
            axes.step(seconds, counts, where="post", c=color, label=label, alpha=0.7)
            labelled.add(function)
    if labelled:
        axes.legend(loc="best")
    axes.set_ylabel("environments at work")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _figure(rows: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(_PANEL[0], _PANEL[1] * rows), layout="constrained")
    grid = figure.subplots(rows, 1, squeeze=False, sharex=True, sharey=True)
    axes: list[Axes] = list(grid[:, 0])
    for each in axes:
        each.grid(visible=True, alpha=0.3)
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "loadtest"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, dpi=110)
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
