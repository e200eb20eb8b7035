"""Composition root of the state machine's first step: lists the photos and writes the plan."""

from typing import Any

import boto3

from image_collections.plan import write_plan
from image_collections.settings import CollectionSettings
from serving.collection import PLAN_FILE
from serving.lambda_invoke import invoke_handler
from serving.s3 import CLIENT_CONFIG, S3Output, S3Photos
from serving.telemetry import PowertoolsTelemetry, Record, environment_of

settings = CollectionSettings()  # type: ignore[call-arg]  # its values come from the environment
s3 = boto3.client("s3", config=CLIENT_CONFIG)


def _plan(event: dict[str, Any], record: Record) -> dict[str, Any]:
    photos = S3Photos(s3, event["bucket"], event["prefix"])
    output = S3Output(s3, settings.output_bucket, event["output_prefix"])
    record.measures |= vars(write_plan(photos.list(), output))
    return event | {
        "output_bucket": settings.output_bucket,
        "plan_key": event["output_prefix"] + PLAN_FILE,
    }


handler = invoke_handler(_plan, environment_of(settings), PowertoolsTelemetry())
