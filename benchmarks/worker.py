"""One process around one handler: an event's file name in, its times out, a JSON line each.

``python -m benchmarks.worker benchmarks.reference`` or ``… image_classifier.handler``.
"""

import importlib
import json
import os
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

TIMING = re.compile(r"(\w+);dur=([\d.]+)")


@dataclass(frozen=True)
class Context:
    """As much of Lambda's context as handlers read."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def main(module: str) -> None:
    """Answer lines on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the handler's log is not the answer
    handler = importlib.import_module(module).handler
    for line in sys.stdin:
        event = json.loads(Path(line.strip()).read_bytes())
        began_s = time.perf_counter()
        response = handler(event, Context())
        total_ms = (time.perf_counter() - began_s) * 1000
        steps = {
            f"{step}_ms": float(ms)
            for step, ms in TIMING.findall(response["headers"]["server-timing"])
        }
        answer = {"status": response["statusCode"], "total_ms": total_ms, "peak_mb": _peak_mb()}
        print(json.dumps(answer | steps), file=answers)


def _peak_mb() -> float:
    """Peak resident memory; not ru_maxrss, which starts at the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1])
