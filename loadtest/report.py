"""Reports: one page that needs nothing else, and the same as Markdown with plots beside it."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from loadtest.load import Run
from loadtest.records import write_joined
from loadtest.verdict import PRICES

_TITLES = {
    "latency": "Latency over time",
    "percentiles": "Percentiles, cold and warm",
    "rps": "Answers a second and users",
    "environments": "Environments over time",
    "scaling": "Good answers a second",
}


@dataclass(frozen=True)
class Report:
    """What a report shows: the verdict's sentence, then those that show why, a table, and plots
    (SVG) by name."""

    title: str
    target: str
    failed: bool
    sentences: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    plots: Mapping[str, str]
    runs: Sequence[Run]


def write_report(report: Report, folder: Path, command: str, load: str, began: datetime) -> str:
    """Write report.html, report.md, requests.csv and the plots; what to show in the terminal."""
    for name, svg in report.plots.items():
        (folder / f"{name}.svg").write_text(svg, "utf-8")
    write_joined(folder / "requests.csv", [(run.name, run.requests) for run in report.runs])
    facts = {"report": report, "command": command, "load": load, "began": began}
    facts |= {"machine": _machine(), "titles": _TITLES, "prices": PRICES}
    for name in ("report.html", "report.md"):
        (folder / name).write_text(render(name, **facts), "utf-8")
    return f"\n{render('summary.md', report=report)}\n{folder / 'report.html'}"


def render(template: str, **values: object) -> str:
    """A template of this package, filled in."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{template}.j2").render(**values)


def _machine() -> str:
    """Processor, cores and system of this machine, which may be client and server in one."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(*names, platform.machine())[0]}, {os.cpu_count()} cores, {platform.system()}"
