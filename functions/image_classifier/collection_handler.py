"""Composition root of the collection's worker: another command in the classifier's image.

One invocation is one batch of the plan. It needs the SDK, which the synchronous path does not.
"""

import os
import time
from typing import Any

import boto3

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from image_classifier.settings import CollectionWorkerSettings
from image_classifier.shards import Shard, write_shard
from serving.collection import Batch
from serving.lambda_invoke import invoke_handler
from serving.s3 import CLIENT_CONFIG, S3Output, S3Photos
from serving.settings import threads_for
from serving.telemetry import PowertoolsTelemetry, Record, environment_of

settings = CollectionWorkerSettings()  # type: ignore[call-arg]  # its values come from the environment
artifact = load_artifact(settings.model_dir)
threads = threads_for(settings.aws_lambda_function_memory_size, os.cpu_count() or 1)
classifier = Classifier(artifact, load_model(artifact, threads), time.perf_counter)
s3 = boto3.client("s3", config=CLIENT_CONFIG)


def _classify(event: dict[str, Any], record: Record) -> dict[str, Any]:
    shard = write_shard(
        Batch.from_item(event["item"]),
        S3Photos(s3, event["bucket"], prefix=""),
        S3Output(s3, settings.output_bucket, event["output_prefix"]),
        classifier,
        event["top_k"],
    )
    measures = vars(shard or Shard(photos=0, failures=0))
    record.measures |= measures
    return dict(measures)


handler = invoke_handler(_classify, environment_of(settings), PowertoolsTelemetry())
