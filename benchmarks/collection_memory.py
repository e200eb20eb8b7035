"""``python -m benchmarks.collection_memory``: peak memory of plan and report, over synthetic keys.

Each size in a process of its own: what is measured is its peak, with a fake classifier's rows.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from image_collections.plan import planned_batches, write_plan
from image_collections.report import write_report
from infra.commands.collection.folder import FolderOutput
from serving.collection import Batch, Photo, Row

SIZES = (1_000, 10_000, 100_000, 1_000_000)
CLASSES = 1000
THUMBNAIL = "/9j/" + "A" * 2400  # as long as a real one


def main() -> None:
    """Print a Markdown table."""
    print("| photos | plan | report | report takes |\n|---|---|---|---|")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            plan, shards, report = (_run(step, size, folder) for step in ("plan", "work", "report"))
            del shards
        print(
            f"| {size:,} | {plan['peak_mb']:.0f} MB | {report['peak_mb']:.0f} MB "
            f"| {report['seconds']:.1f} s |",
            flush=True,
        )


def _run(step: str, size: int, folder: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, step, str(size), folder],
        capture_output=True,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _step(step: str, size: int, folder: Path) -> None:
    output = FolderOutput(folder)
    began_s = time.perf_counter()
    if step == "plan":
        write_plan((Photo(f"photos/{i:09}.jpg", 120_000) for i in range(size)), output)
    elif step == "work":
        for batch in planned_batches(output):
            output.create(batch.shard, b"".join(row.to_line() for row in _rows(batch)))
    else:
        write_report(planned_batches(output), output, "Photos", min_score=0.5)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    seconds = time.perf_counter() - began_s
    print(json.dumps({"peak_mb": int(peak[1]) / 1024, "seconds": seconds}))


def _rows(batch: Batch) -> Iterator[Row]:
    for i, photo in enumerate(batch.photos):
        number = batch.number * 7919 + i
        best = {"label": f"class {number % CLASSES}", "wnid": "n00000001", "score": 0.9}
        top_k = (best | {"score": number % 997 / 997}, *(best | {"score": 0.01},) * 4)
        yield Row(
            *(photo.key, photo.size, "ab" * 32, best["label"], best["wnid"]),
            *(top_k[0]["score"], None, top_k, "0123456789ab", 12.3),
            thumbnail=THUMBNAIL,
        )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        _step(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
