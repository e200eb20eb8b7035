"""``python -m benchmarks.collection``: ``make collection`` against the loop that people write.

Both classify ``PHOTOS_DIR``'s photos, repeated, with the same ResNet50; the loop gets fewer, as it
is slow. What counts is whole: the command with its start, plan and report.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from benchmarks.material import Material, prepare

MIN_RATIO = 5.0
MIN_SHARE = 0.85


def main() -> None:
    """Print both rates, their ratio, and how much of the cores' time was classifying."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--reference-photos", type=int, default=200)
    options = parser.parse_args()
    material = prepare()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _copy(folder / "photos", options.photos)
        _copy(folder / "few", options.reference_photos)
        reference = _reference(folder / "few", material)
        ours, share = _command(folder, material)
    print(f"loop of load_img and predict: {reference:.1f} photos/s")
    ratio = ours / reference
    print(f"make collection, all in all: {ours:.1f} photos/s, {ratio:.1f} × (≥ {MIN_RATIO:g})")
    print(f"its share of cores ÷ (decode + preprocess + infer): {share:.0%} (≥ {MIN_SHARE:.0%})")


def _copy(folder: Path, count: int) -> None:
    photos = sorted(Path(os.environ["PHOTOS_DIR"]).glob("*.JPEG"))
    for i, photo in enumerate(islice(cycle(photos), count)):
        target = folder / f"{i // 100:03}" / f"{i:05}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, target)


def _reference(folder: Path, material: Material) -> float:
    environ = os.environ | {"RESNET50_WEIGHTS": str(material.weights), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.collection_reference", str(folder)],
        env=environ,
        stdout=subprocess.PIPE,
        check=True,
    )
    result = json.loads(done.stdout)
    return float(result["photos"] / result["seconds"])


def _command(folder: Path, material: Material) -> tuple[float, float]:
    """Photos a second in all, and the share of what the cores could do while classifying."""
    command = ("--photos", str(folder / "photos"), "--output", str(folder / "sorted"))
    command += ("--model", "resnet50", "--models-dir", str(material.models_dir))
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "infra.commands.collection", *command], check=True)
    seconds = time.perf_counter() - began_s
    summary = json.loads((folder / "sorted" / "summary.json").read_text())
    possible = (os.cpu_count() or 1) * 1000 * summary["classified"] / summary["milliseconds"]
    return summary["photos"] / seconds, _classifying(folder / "sorted", summary) / possible


def _classifying(output: Path, summary: dict[str, int]) -> float:
    """Photos a second from the plan to the last shard, the workers' start included."""
    plan = (output / "plan.json").stat().st_mtime
    last = max(path.stat().st_mtime for path in output.glob("shards/*.jsonl"))
    return summary["photos"] / (last - plan)


if __name__ == "__main__":
    main()
