"""Composition root of a function that only ``make run`` has: batches of photos on this machine.

``make collection`` invokes it, so that one model and one set of environments serve both.
"""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from image_classifier.shards import write_shard
from infra.commands.collection.folder import FolderOutput
from infra.commands.collection.source import Source, source_at
from infra.commands.collection.workers import rows_depend_on
from serving.collection import Batch
from serving.lambda_invoke import invoke_handler
from serving.settings import ServingSettings
from serving.telemetry import PowertoolsTelemetry, Record, environment_of


class FolderWorkerSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    model_dir: Path


settings = FolderWorkerSettings()  # type: ignore[call-arg]  # its value comes from the environment
artifact = load_artifact(settings.model_dir)
classifier = Classifier(artifact, load_model(artifact, threads=1), time.perf_counter)


def _classify(event: dict[str, Any], record: Record) -> dict[str, Any]:
    """Nothing is classified by another model than the command's own."""
    model = rows_depend_on(artifact.manifest)
    if event["model"] != model:
        return {"model": model}
    photos, output = Path(event["photos"]), Path(event["output"])
    shard = write_shard(
        Batch.from_item(event["item"]),
        _photos(photos, output, photos.stat().st_mtime_ns),
        FolderOutput(output),
        classifier,
        event["top_k"],
    )
    if shard is not None:
        record.measures |= vars(shard)
    return {"model": model, "shard": shard and vars(shard)}


@lru_cache(maxsize=1)
def _photos(path: Path, output: Path, _changed_ns: int) -> Source:
    """An archive's table of contents is read once, unless the archive has changed."""
    return source_at(path, output)


handler = invoke_handler(_classify, environment_of(settings), PowertoolsTelemetry())
