"""Batches in parallel, as by processes of the classifier's own code, each with its own model."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from image_classifier.artifact import Manifest, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from image_classifier.shards import Shard, write_shard
from infra.commands.collection.folder import FolderOutput
from infra.commands.collection.source import Source, source_at
from serving.collection import Batch

WAITING = 2  # batches for each worker: none waits for its next, and memory does not grow

Classify = Callable[[Batch], Shard | None]


def rows_depend_on(manifest: Manifest) -> str:
    """Which model, and the score from which on it is sure."""
    return f"{manifest.version}, sure from {manifest.threshold and manifest.threshold.score}"


class BatchFailed(Exception):
    """``make run`` has ended, or a batch failed there; the message says which."""


@dataclass(frozen=True)
class Work:
    """What every worker needs; goes to a process pickled."""

    model: Path
    photos: Path
    output: Path
    top_k: int


def classified(
    batches: Iterable[Batch], classify: Classify, pool: Executor, workers: int
) -> Generator[Shard, None, None]:
    """Each batch's shard as it is done by one of the pool's workers, in no promised order.

    When the caller stops, batches that were begun are finished and the rest is left.

    Raises:
        BrokenProcessPool: a process was killed, as for want of memory.
        BatchFailed: a batch was given to ``make run``.
        OSError: a shard cannot be written.
    """
    running: set[Future[Shard | None]] = set()
    try:
        for batch in batches:
            running.add(pool.submit(classify, batch))
            if len(running) >= WAITING * workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from _shards(done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from _shards(done)
    finally:
        pool.shutdown(cancel_futures=True)


def process_pool(work: Work, processes: int) -> ProcessPoolExecutor:
    """Processes for ``classify_in_process``, deaf to Ctrl-C, which is the command's: it ends them
    in order."""
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),  # fork would copy threads' locks
        initializer=_begin,
        initargs=(work, os.getpid()),
    )
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for _ in range(processes):
        pool.submit(os.getpid)
    signal.signal(signal.SIGINT, before)
    return pool


def classify_in_process(batch: Batch) -> Shard | None:
    """A batch's shard, in a process of the pool's."""
    work, output = _Process.work, FolderOutput(_Process.work.output)
    return write_shard(batch, _Process.photos, output, _Process.classifier, work.top_k)


def _shards(done: Iterable[Future[Shard | None]]) -> Iterator[Shard]:
    for future in done:
        if (shard := future.result()) is not None:
            yield shard


class _Process:
    """What one process holds between batches."""

    work: Work
    photos: Source
    classifier: Classifier


def _begin(work: Work, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # LiteRT greets on it, across the progress bar
    artifact = load_artifact(work.model)
    _Process.work = work
    _Process.photos = source_at(work.photos, work.output)
    _Process.classifier = Classifier(artifact, load_model(artifact, threads=1), time.perf_counter)


def _end_with(parent: int) -> None:
    """The command may be killed, and then tells nobody."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
