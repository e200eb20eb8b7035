"""A collection on this machine: the functions' own code, without a cloud around it."""

import fcntl
import json
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from image_classifier.artifact import load_artifact
from image_collections.plan import Plan, planned_batches, read_plan, write_plan
from image_collections.report import write_report
from image_collections.tally import Tally
from infra.commands.collection.arrange import arrange
from infra.commands.collection.folder import FolderOutput, FolderPhotos
from infra.commands.collection.source import Source, source_at
from infra.commands.collection.workers import (
    Classify,
    Work,
    classified,
    classify_in_process,
    process_pool,
    rows_depend_on,
)
from infra.commands.folder_worker import ADDRESS_FILE
from serving.collection import Row, SourceUnavailable

# Fewer than in the cloud, where each is an invocation: what a process loses at the end, or when the
# command is stopped, is part of one batch.
BATCH_PHOTOS = 20
SETTINGS_FILE = "run.json"


class OutputUnusable(Exception):
    """The folder cannot take this run's results; the message says why."""


@dataclass(frozen=True)
class Settings:
    """What makes two commands the same: what is in the shards depends on it."""

    photos: str
    model_version: str
    top_k: int
    threshold: float | None


@dataclass(frozen=True)
class Options:
    """The command's: absolute paths, and as many ``processes`` as batches run at once; ``data`` is
    what ``make run`` keeps."""

    photos: Path
    output: Path
    model: Path
    top_k: int
    min_score: float | None
    arrange: str
    processes: int
    data: Path


def classify_collection(options: Options) -> Tally:
    """Plan, classify and report, or go on with what ``options.output`` has of it.

    Raises:
        SourceUnavailable, OutputUnusable, ArtifactInvalid
        OSError, BrokenProcessPool, BatchFailed: what was done until then is kept.
    """
    photos = _source(options)
    manifest = load_artifact(options.model).manifest
    threshold = manifest.threshold.score if manifest.threshold else None
    settings = Settings(str(options.photos), manifest.version, options.top_k, threshold)
    with _own_folder(options.output, settings):
        output = FolderOutput(options.output)
        plan = read_plan(output)
        if plan is None:
            plan = write_plan(photos.list(), output, BATCH_PHOTOS)
            print(_found(plan))
        else:
            print(f"Goes on with the {plan.photos:,} photos that were found at first.")
        _classify(plan, output, options, rows_depend_on(manifest))
        title = f"Photos in {options.photos.name}"
        tally = write_report(planned_batches(output), output, title, options.min_score)
        if options.arrange != "none":
            rows, link = _rows(output), options.arrange == "link"
            count = arrange(rows, photos, options.output, min_score=options.min_score, link=link)
            print(f"{count:,} photos {'linked' if link else 'copied'} into folders.")
    return tally


def _source(options: Options) -> Source:
    photos = source_at(options.photos, options.output)
    if options.arrange == "link" and not isinstance(photos, FolderPhotos):
        raise SourceUnavailable("Photos in an archive cannot be linked: use ARRANGE=copy.")
    return photos


def _classify(plan: Plan, output: FolderOutput, options: Options, model: str) -> None:
    left, done = _left(output)
    if not left:
        return
    workers = min(options.processes, len(left))
    classify, pool = _workers(options, model, workers)
    with tqdm(total=plan.photos, initial=done, unit=" photos", smoothing=0.05) as progress:
        failures = 0
        batches = (batch for batch in planned_batches(output) if batch.number in left)
        with closing(classified(batches, classify, pool, workers)) as shards:
            for shard in shards:
                failures += shard.failures
                progress.set_postfix(failed=failures, refresh=False)
                progress.update(shard.photos)


def _workers(options: Options, model: str, count: int) -> tuple[Classify, Executor]:
    """The environments of a ``make run`` that is at work, else processes of this command's."""
    work = Work(options.model, options.photos, options.output, options.top_k)
    address = options.data / ADDRESS_FILE
    if address.exists():
        # Every process imports this module, and boto3 would take it as long as fifty photos.
        from infra.commands.collection.service import classify_in_service  # noqa: PLC0415

        classify = classify_in_service(address.read_text("utf-8"), work, model)
        if classify is not None:
            print("Classified by the make run that is at work.")
            return classify, ThreadPoolExecutor(count)
    return classify_in_process, process_pool(work, count)


def _left(output: FolderOutput) -> tuple[set[int], int]:
    """Numbers of the batches without a shard, and how many photos the others have."""
    left, done = set(), 0
    for batch in planned_batches(output):
        if output.exists(batch.shard):
            done += len(batch.photos)
        else:
            left.add(batch.number)
    return left, done


def _rows(output: FolderOutput) -> Iterator[Row]:
    for batch in planned_batches(output):
        for line in (output.read(batch.shard) or b"").splitlines():
            yield Row(**json.loads(line))


def _found(plan: Plan) -> str:
    others = f"; {plan.others:,} other files are left out" if plan.others else ""
    return f"{plan.photos:,} photos found, {plan.size / 1e6:,.1f} MB{others}."


@contextmanager
def _own_folder(folder: Path, settings: Settings) -> Iterator[None]:
    """The folder for this run alone: one command at a time, and one collection for good."""
    path = folder / SETTINGS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as exc:
        raise OutputUnusable(f"{exc.filename} cannot be written: {exc.strerror}.") from exc
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise OutputUnusable(f"Another make collection is at work in {folder}.") from exc
        file.seek(0)
        text = file.read()
        if not text:
            if any(entry.name != SETTINGS_FILE for entry in os.scandir(folder)):
                path.unlink()
                raise OutputUnusable(f"{folder} has other files: name a new folder, OUTPUT=…")
            file.write(json.dumps(asdict(settings), indent=1))
            file.flush()
        elif (before := {"threshold": None} | json.loads(text)) != asdict(settings):
            names = [name for name, value in asdict(settings).items() if before.get(name) != value]
            raise OutputUnusable(
                f"{folder} has the results of another {' and '.join(names)}: name a new folder, "
                "OUTPUT=…, or delete it."
            )
        yield
