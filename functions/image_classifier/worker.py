"""Composition root of the queue's worker, the same image under another command.

Beside ``handler``, which never imports this module or boto3: no request waits for them.
"""

import os
from datetime import UTC, datetime, timedelta

import boto3

from image_classifier.predictor import load_predictor
from image_classifier.queued import QueuedPhotos
from image_classifier.worker_settings import WorkerSettings
from prediction_store import s3
from prediction_store.dynamodb import PredictionTable
from prediction_store.sns import topic_notifier
from serving.aws import CLIENT_CONFIG
from serving.lambda_queue import queue_handler
from serving.telemetry import PowertoolsTelemetry, environment_of

settings = WorkerSettings()  # type: ignore[call-arg]  # its values come from the environment
work = QueuedPhotos(
    predictor=load_predictor(settings, os.cpu_count() or 1),
    store=PredictionTable(
        boto3.client("dynamodb", config=CLIENT_CONFIG),
        settings.predictions_table,
        timedelta(days=settings.prediction_days),
    ),
    photos=s3.PhotoBucket(boto3.client("s3", config=s3.CLIENT_CONFIG), settings.uploads_bucket),
    bucket=settings.uploads_bucket,
    notify=topic_notifier(boto3.client("sns", config=CLIENT_CONFIG), settings.topic_arn)
    if settings.topic_arn
    else None,
    now=lambda: datetime.now(UTC),
    max_receives=settings.max_receives,
    keep_photos=settings.keep_uploads,
)
handler = queue_handler(work, environment_of(settings), PowertoolsTelemetry(), work.settle)
