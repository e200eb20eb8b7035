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

REFERENCE, OURS = "benchmarks.reference", "image_classifier.handler"
RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Row:
    """One figure; ``limits`` are those it must keep, as they read."""

    figure: str
    unit: str
    ours: float
    reference: float | None
    limits: str
    reached: bool

    @property
    def ratio(self) -> float | None:
        """Ours over the reference."""
        return self.ours / self.reference if self.reference else None


def main() -> None:
    """Measure everything; about three minutes."""
    material = prepare()
    reference, ours = compare(material, (REFERENCE, OURS))
    rows = _rows(reference, ours, requests_per_second(material))
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    machine = {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": cpu,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("keras", "ai-edge-litert", "pillow")},
        "model": "ResNet50 with seeded random weights (timing does not depend on their values)",
        "threads": THREADS,
        "users": USERS,
    }
    table = _table(rows, machine)
    print(table)
    rows_out = [asdict(row) | {"ratio": row.ratio} for row in rows]
    RESULTS.write_text(json.dumps({"machine": machine, "rows": rows_out}, indent=1) + "\n")
    RESULTS.with_suffix(".md").write_text(table + "\n")


def _rows(reference: Times, ours: Times, throughput: float) -> list[Row]:
    def against(
        figure: str, unit: str, ours: float, theirs: float, ratio: float, most: float | None = None
    ) -> Row:
        limits = f"≤ {ratio} × reference" + (f" and ≤ {most:g} {unit}" if most else "")
        reached = ours <= ratio * theirs and (most is None or ours <= most)
        return Row(figure, unit, ours, theirs, limits, reached)

    def absolute(figure: str, unit: str, ours: float, theirs: float | None, most: float) -> Row:
        return Row(figure, unit, ours, theirs, f"≤ {most:g} {unit}", ours <= most)

    cold = "cold start: process start → first 200"
    large = "12-megapixel JPEG: all but inference"
    return [
        against(cold, "ms", ours.cold_ms, reference.cold_ms, 0.2, 1200),
        against("warm handler, 100 KB photo", "ms", ours.warm_ms, reference.warm_ms, 0.2),
        against(large, "ms", ours.large_ms, reference.large_ms, 0.35),
        absolute("outside decode and inference", "ms", ours.overhead_ms, None, 6),
        absolute("peak resident memory", "MB", ours.peak_mb, reference.peak_mb, 300),
        Row("throughput of make run", "requests/s", throughput, None, "≥ 40", throughput >= 40),
    ]


def _table(rows: list[Row], machine: dict[str, object]) -> str:
    lines = [
        (
            f"{machine['model']}; {machine['threads']} inference thread; {machine['cpu']}; "
            f"{machine['date']}. Medians, both handlers in turn."
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
            f"| {row.figure} | {row.ours:.1f} {row.unit} | {reference} | {ratio} "
            f"| {row.limits} | {reached} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
