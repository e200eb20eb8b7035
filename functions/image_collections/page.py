"""Counts and a contact sheet → ``report.html``: one file that needs nothing else."""

import json
from collections.abc import Iterator
from dataclasses import astuple
from html import escape
from pathlib import Path

from image_collections.charts import bars, histogram
from image_collections.contact_sheet import MAX_FAILURES, ContactSheet, Shown
from image_collections.rows import PlainRow
from image_collections.tally import Tally
from serving.collection import Writer

MAX_BARS = 15
ASSETS = Path(__file__).with_name("assets")
# Nothing is fetched: a report with names of somebody's photos must not call anywhere.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_page(file: Writer, title: str, tally: Tally, sheet: ContactSheet) -> None:
    """Write the page piece by piece."""
    for piece in _pieces(title, tally, sheet):
        file.write(piece.encode())


def _pieces(title: str, tally: Tally, sheet: ContactSheet) -> Iterator[str]:
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{(ASSETS / 'report.css').read_text()}</style>"
        f"</head><body><header><h1>{escape(title)}</h1>"
        f"<p>Model {escape(', '.join(sorted(tally.model_versions)) or 'none')}</p></header><main>"
    )
    yield _figures(tally)
    classes = [(label, found.photos) for label, found in tally.ranked_classes()]
    yield '<div class="charts">'
    if classes:
        yield _counts(classes)
        yield f"<div>{_scores(tally)}"
    if tally.failed:
        yield from _failures(tally, sheet.failures)
    yield "</div></div>" if classes else "</div>"
    if classes:
        yield from _sheet(classes, tally, sheet)
    yield "</main></body></html>\n"


def _figures(tally: Tally) -> str:
    unsure = "unsure" if tally.min_score is None else f"unsure, below {tally.min_score:.0%}"
    figures = {
        "photos": tally.photos,
        "classified": tally.photos - tally.failed,
        "classes": len(tally.classes),
        unsure: tally.unsure,
        "failed": tally.failed,
    }
    cells = (f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in figures.items())
    return f'<dl class="figures">{"".join(cells)}</dl>'


def _counts(classes: list[tuple[str, int]]) -> str:
    rows = "".join(
        f'<tr><td>{escape(label)}</td><td class="number">{count:,}</td></tr>'
        for label, count in classes
    )
    rest = "" if len(classes) <= MAX_BARS else f", the first {MAX_BARS} of {len(classes):,}"
    return (
        f"<section><h2>Photos per class{rest}</h2>{bars(classes[:MAX_BARS])}"
        '<details><summary>All classes as a table</summary><div class="scroll" tabindex="0" '
        'role="region" aria-label="Photos per class">'
        '<table><tr><th>class</th><th class="number">photos</th></tr>'
        f"{rows}</table></div></details></section>"
    )


def _scores(tally: Tally) -> str:
    return (
        "<section><h2>How sure the model is</h2>"
        f"{histogram(tally.scores, tally.unsure_scores)}"
        "<p>Photos by the score of their class. Pale ones are unsure.</p></section>"
    )


def _failures(tally: Tally, failures: list[PlainRow]) -> Iterator[str]:
    codes = "".join(
        f'<tr><td><code>{escape(code)}</code></td><td class="number">{count:,}</td></tr>'
        for code, count in tally.failures.most_common()
    )
    yield (
        "<section><h2>Not classified</h2>"
        f'<table><tr><th>code</th><th class="number">photos</th></tr>{codes}</table>'
        f"<details><summary>Which photos{_first(MAX_FAILURES, tally.failed)}</summary>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Photos not classified">'
        "<table><tr><th>photo</th><th>why</th></tr>"
    )
    for row in failures:
        yield f"<tr><td>{escape(row['key'])}</td><td>{escape(row['detail'] or '')}</td></tr>"
    yield "</table></div></details></section>"


def _sheet(classes: list[tuple[str, int]], tally: Tally, sheet: ContactSheet) -> Iterator[str]:
    shown = {label: sheet.shown(label) for label, _ in classes}
    count = sum(map(len, shown.values()))
    left_out = (
        ""
        if count == tally.photos - tally.failed
        else f"<p>Of {tally.photos - tally.failed:,} photos this page has the {count:,} that are "
        "the least sure in their classes; results.csv has them all.</p>"
    )
    options = "".join(
        f'<option value="{i}">{escape(label)} ({photos:,}{_first(len(shown[label]), photos)})'
        "</option>"
        for i, (label, photos) in enumerate(classes)
    )
    yield (
        f'<section id="photos"><h2>Look through them</h2>{left_out}<div class="tools">'
        '<label>Class <select id="class"><option value="all">All classes</option>'
        f'<option value="unsure">Unsure</option>{options}</select></label>'
        '<button type="button">Previous</button><button type="button">Next</button>'
        '<p id="where" role="status"></p></div>'
        '<ul id="grid"></ul></section>'
    )
    for i, (label, _) in enumerate(classes):
        data = _json(label, shown[label])
        yield f'<script type="application/json" data-class="{i}">{data}</script>\n'
    yield f"<script>{(ASSETS / 'report.js').read_text()}</script>"


def _json(label: str, shown: list[Shown]) -> str:
    """``<`` is written as an escape, so that no name can end the script."""
    return json.dumps({"label": label, "photos": [astuple(photo) for photo in shown]}).replace(
        "<", "\\u003c"
    )


def _first(most: int, count: int) -> str:
    return f", the first {most:,}" if count > most else ""
