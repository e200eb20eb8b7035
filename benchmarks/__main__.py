"""``make bench``: prints the table, writes it as ``benchmarks/results.json`` and ``.md``."""

import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.handlers import THREADS, Times, compare
from benchmarks.material import prepare
from benchmarks.throughput import USERS, requests_per_second
from infra.local.machine.description import machine

REFERENCE, SERVICE = "benchmarks.reference", "image_classifier.handler"
RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Row:
    """One figure; ``limits`` are those it must keep, as they read."""

    figure: str
    unit: str
    service: float
    reference: float | None
    limits: str
    reached: bool

    @property
    def ratio(self) -> float | None:
        """Of the service to the reference."""
        return self.service / self.reference if self.reference else None


def main() -> None:
    """Measure everything; about three minutes."""
    material = prepare()
    reference, service = compare(material, (REFERENCE, SERVICE))
    rows = _rows(reference, service, requests_per_second(material))
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("keras", "ai-edge-litert", "pillow")},
        "model": "ResNet50 with seeded random weights (timing does not depend on their values)",
        "threads": THREADS,
        "users": USERS,
    }
    table = _table(rows, facts)
    print(table)
    rows_out = [asdict(row) | {"ratio": row.ratio} for row in rows]
    RESULTS.write_text(json.dumps({"machine": facts, "rows": rows_out}, indent=1) + "\n")
    RESULTS.with_suffix(".md").write_text(table + "\n")


def _rows(reference: Times, service: Times, throughput: float) -> list[Row]:
    def against(figure: str, unit: str, name: str, ratio: float, most: float | None = None) -> Row:
        measured, compared = getattr(service, name), getattr(reference, name)
        limits = f"≤ {ratio} × reference" + (f" and ≤ {most:g} {unit}" if most else "")
        reached = measured <= ratio * compared and (most is None or measured <= most)
        return Row(figure, unit, measured, compared, limits, reached)

    def absolute(
        figure: str, unit: str, measured: float, compared: float | None, most: float
    ) -> Row:
        return Row(figure, unit, measured, compared, f"≤ {most:g} {unit}", measured <= most)

    cold = "cold start: process start → first 200"
    large = "12-megapixel JPEG: all but inference"
    return [
        against(cold, "ms", "cold_ms", 0.2, 1200),
        against("warm handler, 100 KB photo", "ms", "warm_ms", 0.2),
        against(large, "ms", "large_ms", 0.35),
        absolute("outside decode and inference", "ms", service.overhead_ms, None, 6),
        absolute("peak resident memory", "MB", service.peak_mb, reference.peak_mb, 300),
        Row("throughput of make run", "requests/s", throughput, None, "≥ 40", throughput >= 40),
    ]


def _table(rows: list[Row], facts: dict[str, object]) -> str:
    lines = [
        (
            f"{facts['model']}; {facts['threads']} inference thread; {facts['machine']}; "
            f"{facts['date']}. Medians, both handlers in turn."
        ),
        "",
        "| figure | this service | reference | ratio | limit | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        reference = f"{row.reference:.0f} {row.unit}" if row.reference else ""
        ratio = f"{row.ratio:.3f}" if row.ratio else ""
        reached = "reached" if row.reached else "**missed**"
        lines.append(
            f"| {row.figure} | {row.service:.1f} {row.unit} | {reference} | {ratio} "
            f"| {row.limits} | {reached} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
