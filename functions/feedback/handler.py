"""Composition root: the only module that reads the environment and builds real things.

The client is built at import, in Lambda's init phase; where it connects to and as whom, it takes
from the SDK's own AWS_* variables.
"""

from datetime import UTC, datetime, timedelta

import boto3

from feedback.dynamodb import DynamoStore
from feedback.labels import read_labels
from feedback.routes import create_router
from feedback.settings import FeedbackSettings
from serving.aws import CLIENT_CONFIG
from serving.lambda_http import http_handler
from serving.receipts import ReceiptBook

settings = FeedbackSettings()  # type: ignore[call-arg]  # its values come from the environment
router = create_router(
    store=DynamoStore(
        boto3.client("dynamodb", config=CLIENT_CONFIG),
        settings.table_name,
        timedelta(days=settings.retention_days),
    ),
    receipts=ReceiptBook(
        settings.receipt_key.get_secret_value(),
        settings.previous_receipt_key.get_secret_value() if settings.previous_receipt_key else None,
    ),
    labels=read_labels(settings.labels_file),
    now=lambda: datetime.now(UTC),
)
handler = http_handler("Feedback", "/v1/feedback", router, settings)
