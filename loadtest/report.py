"""Reports: one page that needs nothing else, and the same as Markdown with plots beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from infra.deploy.costs import PRICES
from infra.local.machine.description import machine
from loadtest.load import Run
from loadtest.records import write_joined

_PAGES = ("report.html", "report.md")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class LoadReport:
    """What a report shows: the verdict's sentence, then those that show why, a table with its head
    as first row, and plots (SVG) by title."""

    title: str
    target: str
    failed: bool
    sentences: Sequence[str]
    table: Sequence[Sequence[str]]
    plots: Mapping[str, str]
    runs: Sequence[Run]


def write_report(report: LoadReport, folder: Path, command: str, load: str, began: datetime) -> str:
    """Write report.html, report.md, requests.csv and the plots; what to show in the terminal."""
    files = {title: f"{title.lower().replace(' ', '-')}.svg" for title in report.plots}
    for title, name in files.items():
        (folder / name).write_text(report.plots[title], "utf-8")
    write_joined(folder / "requests.csv", [(run.name, run.requests) for run in report.runs])
    facts = {"report": report, "command": command, "load": load, "began": began}
    facts |= {"machine": machine(), "files": files, "prices": PRICES}
    pages = {name: _TEMPLATES.get_template(f"{name}.j2").render(facts) for name in _PAGES}
    for name, page in pages.items():
        (folder / name).write_text(page, "utf-8")
    return f"\n{pages['report.md'].partition('![')[0]}{folder / 'report.html'}"
