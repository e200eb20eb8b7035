"""The classifier's own code in processes, one a core, each with its own model."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from image_classifier.shards import Photos, Shard, write_shard
from serving.collection import Batch, Output

WAITING = 2  # batches for each process: none waits for its next, and memory does not grow


@dataclass(frozen=True)
class Work:
    """What every process needs; goes to it pickled."""

    model: Path
    photos: Photos
    output: Output
    top_k: int


def classified(
    batches: Iterable[Batch], work: Work, processes: int
) -> Generator[Shard, None, None]:
    """Each batch's shard as it is done, in no promised order.

    When the caller stops, batches that were begun are finished and the rest is left.

    Raises:
        BrokenProcessPool: a process was killed, as for want of memory.
        OSError: a shard cannot be written.
    """
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),  # fork would copy threads' locks
        initializer=_begin,
        initargs=(work, os.getpid()),
    )
    running: set[Future[Shard | None]] = set()
    try:
        _start(pool, processes)
        for batch in batches:
            running.add(pool.submit(_classify, batch))
            if len(running) >= WAITING * processes:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from _shards(done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from _shards(done)
    finally:
        pool.shutdown(cancel_futures=True)


def _start(pool: ProcessPoolExecutor, processes: int) -> None:
    """Start them deaf to Ctrl-C, which is the command's: it ends them in order."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for _ in range(processes):
        pool.submit(os.getpid)
    signal.signal(signal.SIGINT, before)


def _shards(done: Iterable[Future[Shard | None]]) -> Iterator[Shard]:
    for future in done:
        if (shard := future.result()) is not None:
            yield shard


class _Process:
    """What one process holds between batches."""

    work: Work
    classifier: Classifier


def _begin(work: Work, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # LiteRT greets on it, across the progress bar
    artifact = load_artifact(work.model)
    _Process.work = work
    _Process.classifier = Classifier(artifact, load_model(artifact, threads=1), time.perf_counter)


def _end_with(parent: int) -> None:
    """The command may be killed, and then tells nobody."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _classify(batch: Batch) -> Shard | None:
    work = _Process.work
    return write_shard(batch, work.photos, work.output, _Process.classifier, work.top_k)
