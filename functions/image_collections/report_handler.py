"""Composition root of the state machine's last step: shards into the files people get."""

from typing import Any

import boto3

from image_collections.plan import planned_batches
from image_collections.report import write_report
from image_collections.settings import CollectionSettings
from serving.lambda_invoke import invoke_handler
from serving.s3 import CLIENT_CONFIG, S3Output
from serving.telemetry import PowertoolsTelemetry, Record, environment_of

settings = CollectionSettings()  # type: ignore[call-arg]  # its values come from the environment
s3 = boto3.client("s3", config=CLIENT_CONFIG)


def _report(event: dict[str, Any], record: Record) -> dict[str, Any]:
    output = S3Output(s3, settings.output_bucket, event["output_prefix"])
    title = f"Photos in s3://{event['bucket']}/{event['prefix']}"
    tally = write_report(planned_batches(output), output, title, event["min_score"])
    record.measures |= {"photos": tally.photos, "failures": tally.failed}
    return {"photos": tally.photos, "failed": tally.failed, "unsure": tally.unsure}


handler = invoke_handler(_report, environment_of(settings), PowertoolsTelemetry())
