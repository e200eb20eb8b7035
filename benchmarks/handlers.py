"""Both handlers side by side: a process for each, measured in turn: A, B, A, B."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

from tqdm import tqdm

from benchmarks.material import Material

COLD_RUNS = 5
WARM_RUNS = 40
LARGE_RUNS = 10
THREADS = 1


@dataclass(frozen=True)
class Times:
    """Medians of one handler, in milliseconds, and its peak resident memory in MB."""

    cold_ms: float
    warm_ms: float
    infer_ms: float
    overhead_ms: float
    large_ms: float
    peak_mb: float


class Worker:
    """One process around one handler."""

    def __init__(self, module: str, material: Material) -> None:
        self._began_s = time.perf_counter()
        environ = {
            **os.environ,
            "THREADS": str(THREADS),
            "RESNET50_WEIGHTS": str(material.weights),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "MODEL_DIR": str(material.model_dir),
            "RECEIPT_KEY": "k" * 32,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(1769 * THREADS),
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_METRICS_NAMESPACE": "bench",
        }
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # images carry byte-compiled code
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environ,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def age_ms(self) -> float:
        """Since its process was started."""
        return (time.perf_counter() - self._began_s) * 1000

    def __call__(self, event: Path) -> dict[str, float]:
        """Hand the event over; the answer's times."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{event}\n")
        self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        if answer["status"] != 200:
            raise RuntimeError(f"a handler answered {answer['status']}")
        return answer


def compare(material: Material, modules: tuple[str, str]) -> tuple[Times, Times]:
    """Measure both handlers in turn, so that a machine that drifts, drifts under both."""
    cold: dict[str, list[float]] = {module: [] for module in modules}
    for run in tqdm(range(COLD_RUNS + 1), desc="cold starts"):
        for module in modules:
            with Worker(module, material) as worker:
                worker(material.photo_event)
                if run:  # the first fills the disk cache and writes byte code
                    cold[module].append(worker.age_ms)
    warm: dict[str, list[dict[str, float]]] = {module: [] for module in modules}
    large: dict[str, list[dict[str, float]]] = {module: [] for module in modules}
    with ExitStack() as stack:
        workers = {module: stack.enter_context(Worker(module, material)) for module in modules}
        for worker in workers.values():
            for _ in range(3):
                worker(material.photo_event)
        for _ in tqdm(range(WARM_RUNS), desc="warm requests"):
            for module, worker in workers.items():
                warm[module].append(worker(material.photo_event))
        for _ in tqdm(range(LARGE_RUNS), desc="12-megapixel photos"):
            for module, worker in workers.items():
                large[module].append(worker(material.large_event))
    reference, service = (_times(cold[module], warm[module], large[module]) for module in modules)
    return reference, service


def _times(cold: list[float], warm: list[dict[str, float]], large: list[dict[str, float]]) -> Times:
    return Times(
        cold_ms=median(cold),
        warm_ms=median(answer["total_ms"] for answer in warm),
        infer_ms=median(answer["infer_ms"] for answer in warm),
        overhead_ms=median(
            answer["total_ms"] - answer["infer_ms"] - answer.get("decode_ms", 0) for answer in warm
        ),
        large_ms=median(answer["total_ms"] - answer["infer_ms"] for answer in large),
        peak_mb=warm[-1]["peak_mb"],
    )
