"""A report → one HTML file that needs nothing else, in the style of a collection's."""

from collections.abc import Iterator, Sequence
from html import escape

from evaluation.charts import reliability, risk_coverage
from evaluation.figures import ClassFigures, Figures, Pair, Share
from evaluation.report import Comparison, Report
from image_collections.page import ASSETS

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
svg polyline { fill: none; stroke-width: 2.5; }
.ideal { stroke: var(--soft); stroke-dasharray: 5 5; }
.curve, svg circle { stroke: var(--bar); } svg circle { fill: var(--card); stroke-width: 2.5; }
svg rect { fill: var(--pale); } .note { border-left: 4px solid var(--warn); }
.note p { color: var(--ink); } .figures small { color: var(--soft); font-size: .9rem; }
.matrix td { text-align: center; padding: .45rem; color: var(--ink);
  background: color-mix(in srgb, var(--pale) calc(var(--share) * 100%), transparent); }
.matrix { width: auto; } .matrix th { padding: .45rem .9rem; text-align: center; }
.matrix .wrong { font-weight: 650; }
"""


def page_of(report: Report, thumbnails: Sequence[str]) -> str:
    """``thumbnails`` are JPEGs in base64 of the photos it was surest and wrong about."""
    return "".join(_pieces(report, thumbnails))


def _pieces(report: Report, thumbnails: Sequence[str]) -> Iterator[str]:
    figures = report.figures
    title = f"How right {report.model} is"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{(ASSETS / 'report.css').read_text()}{STYLE}</style>"
        f"</head><body><header><h1>{escape(title)}</h1><p>Version {escape(report.version)}, on "
        f"{figures.top1.photos:,} photos in {escape(report.photos_in)}</p></header><main>"
    )
    for note in report.notes:
        yield f'<section class="note"><p>{escape(note)}</p></section>'
    yield _numbers(report)
    if report.comparison:
        yield _comparison(report.comparison)
    yield f'<div class="charts">{_trust(figures)}{_coverage(figures)}</div>'
    yield from _confusions(figures)
    if thumbnails:
        yield _surest_wrong(figures, thumbnails)
    yield _classes(figures.classes)
    if report.facts:
        rows = "".join(
            f"<tr><th>{escape(title)}</th><td>{escape(fact)}</td></tr>"
            for title, fact in report.facts.items()
        )
        yield _section("How it was made", f"<table>{rows}</table>")
    for name, lines in report.lists.items():
        entries = "".join(f"<tr><td>{escape(line)}</td></tr>" for line in lines)
        yield _section(f"{name}: {len(lines):,}", _scroll(f"<table>{entries}</table>", name))
    yield "</main></body></html>\n"


def _numbers(report: Report) -> str:
    figures = report.figures
    cells = [("right at first", _percent(figures.top1.value), _interval(figures.top1))]
    if figures.top5:
        cells.append(
            ("among the first five", _percent(figures.top5.value), _interval(figures.top5))
        )
    cells += [
        ("mean score", _percent(figures.mean_score), "what it says of itself"),
        ("calibration error", f"{figures.calibration_error:.3f}", "0: scores mean what they say"),
        ("photos a second", f"{report.photos_per_s:,.0f}", "on this machine"),
    ]
    return '<dl class="figures">{}</dl>'.format(
        "".join(
            f"<div><dt>{name}<br><small>{more}</small></dt><dd>{value}</dd></div>"
            for name, value, more in cells
        )
    )


def _comparison(comparison: Comparison) -> str:
    rows = "".join(
        f'<tr><td>{name}</td><td class="number">{_percent(share.value)}</td>'
        f'<td class="number">{_percent(share.low)} to {_percent(share.high)}</td>'
        f'<td class="number">{alone:,}</td></tr>'
        for name, share, alone in (
            ("the new model", comparison.new, comparison.only_new),
            (f"the old one, {escape(comparison.old_version)}", comparison.old, comparison.only_old),
        )
    )
    head = (
        '<tr><th></th><th class="number">right at first</th><th class="number">95 % interval</th>'
        '<th class="number">photos that it alone has right</th></tr>'
    )
    table = _scroll(f"<table>{head}{rows}</table>", "Old and new model")
    return _section("Better than the old one?", f"<p>{escape(comparison.sentence)}</p>{table}")


def _trust(figures: Figures) -> str:
    return _section(
        "Do scores mean what they say?",
        f"{reliability(figures.bins)}<p>Columns: of so many photos with about this score, the "
        "share that is right. On the dashed line both are equal: lower columns claim too much, "
        "higher ones too little. Circles are at the mean score.</p>",
    )


def _coverage(figures: Figures) -> str:
    return _section(
        "What if only sure answers are used?",
        f"{risk_coverage(figures.risk_coverage)}<p>From right to left the least sure answers are "
        "left out: the line is the share that is wrong among the rest.</p>",
    )


def _confusions(figures: Figures) -> Iterator[str]:
    names = [entry.label for entry in figures.classes]
    if figures.matrix:
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(
            f"<tr><th>{escape(name)}</th>{_row(i, counts)}</tr>"
            for i, (name, counts) in enumerate(zip(names, figures.matrix, strict=True))
        )
        table = f'<table class="matrix"><tr><th></th>{head}</tr>{rows}</table>'
        yield _section(
            "What is taken for what",
            f"<p>Rows: what it is. Columns: the answer.</p>{_scroll(table, 'Confusion matrix')}",
        )
    elif figures.pairs:
        yield _section("Most often confused", _pairs(figures.pairs))


def _row(actual: int, counts: Sequence[int]) -> str:
    most = max(1, sum(counts))
    return "".join(
        f'<td style="--share:{count / most:.2f}"{" class=wrong" * (i != actual and count > 0)}>'
        f"{count:,}</td>"
        for i, count in enumerate(counts)
    )


def _pairs(pairs: Sequence[Pair]) -> str:
    rows = "".join(
        f"<tr><td>{escape(pair.actual)}</td><td>{escape(pair.predicted)}</td>"
        f'<td class="number">{pair.photos:,}</td></tr>'
        for pair in pairs
    )
    head = '<tr><th>what it is</th><th>the answer</th><th class="number">photos</th></tr>'
    return _scroll(f"<table>{head}{rows}</table>", "Confused pairs")


def _surest_wrong(figures: Figures, thumbnails: Sequence[str]) -> str:
    items = "".join(
        f'<li><img alt="" src="data:image/jpeg;base64,{image}"><div><b>{wrong.score:.0%} '
        f"{escape(wrong.predicted)}</b><span>is {escape(wrong.actual)}</span>"
        f'<span title="{escape(wrong.file)}">{escape(wrong.file)}</span></div></li>'
        for wrong, image in zip(figures.surest_wrong, thumbnails, strict=True)
    )
    return _section("Surest, and wrong", f'<ul id="grid">{items}</ul>')


def _classes(classes: Sequence[ClassFigures]) -> str:
    rows = "".join(
        f'<tr><td>{escape(entry.label)}</td><td class="number">{entry.photos:,}</td>'
        f'<td class="number">{_percent(entry.precision)}</td>'
        f'<td class="number">{_percent(entry.recall)}</td></tr>'
        for entry in sorted(
            classes, key=lambda entry: (not entry.photos, entry.recall, entry.label)
        )
    )
    head = (
        '<tr><th>class</th><th class="number">photos</th><th class="number">precision: of those '
        'answered so, right</th><th class="number">recall: of those that are, found</th></tr>'
    )
    return _section("Classes", _scroll(f"<table>{head}{rows}</table>", "Classes"))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _scroll(table: str, name: str) -> str:
    label = escape(name)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _interval(share: Share) -> str:
    return f"95 % interval {_percent(share.low)} to {_percent(share.high)}"
