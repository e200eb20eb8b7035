"""Composition root: the only module that reads the environment and builds real things.

The clients are built at import, in Lambda's init phase; where they connect to and as whom, they
take from the SDK's own AWS_* variables.
"""

import uuid
from datetime import UTC, datetime, timedelta

import boto3

from prediction_store import s3
from prediction_store.dynamodb import PredictionTable
from prediction_store.settings import PredictionStoreSettings
from predictions.routes import create_router
from serving.aws import CLIENT_CONFIG
from serving.lambda_http import http_handler

settings = PredictionStoreSettings()  # type: ignore[call-arg]  # its values come from the environment
router = create_router(
    store=PredictionTable(
        boto3.client("dynamodb", config=CLIENT_CONFIG),
        settings.predictions_table,
        timedelta(days=settings.prediction_days),
    ),
    photos=s3.PhotoBucket(boto3.client("s3", config=s3.CLIENT_CONFIG), settings.uploads_bucket),
    new_id=lambda: uuid.uuid4().hex,
    now=lambda: datetime.now(UTC),
)
handler = http_handler("Predictions", "/v1", router, settings, docs_path="/v1/predictions")
