"""Composition root of the routes: the only module of theirs that reads the environment."""

import time
import uuid
from datetime import UTC, datetime

import boto3

from image_collections import runs
from image_collections.routes import Results, create_router
from image_collections.settings import CollectionApiSettings
from serving import aws
from serving.lambda_http import http_handler
from serving.s3 import CLIENT_CONFIG, S3Output

LINK_S = 3600

settings = CollectionApiSettings()  # type: ignore[call-arg]  # its values come from the environment
s3 = boto3.client("s3", config=CLIENT_CONFIG)
states = boto3.client("stepfunctions", config=aws.CLIENT_CONFIG)


def _link(key: str) -> str:
    place = {"Bucket": settings.output_bucket, "Key": key}
    return s3.generate_presigned_url("get_object", Params=place, ExpiresIn=LINK_S)


router = create_router(
    runs.Runs(states, settings.state_machine_arn, time.monotonic),
    Results(lambda prefix: S3Output(s3, settings.output_bucket, prefix), _link),
    buckets=frozenset(settings.collection_buckets.replace(" ", "").split(",")) - {""},
    new_id=lambda: uuid.uuid4().hex,
    now=lambda: datetime.now(UTC),
)
handler = http_handler("Collections", "/v1/collections", router, settings)
