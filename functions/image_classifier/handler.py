"""Composition root: the only module that reads the environment and builds real things.

The model is loaded at import, in Lambda's init phase; an artifact that cannot be verified ends the
environment before it answers anything.
"""

import os
import time

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.routes import create_router
from image_classifier.runtime import load_model, threads_for
from image_classifier.settings import ClassifierSettings
from serving.api import create_app
from serving.lambda_entry import lambda_handler
from serving.receipts import ReceiptBook, new_nonce
from serving.telemetry import Environment, PowertoolsTelemetry, environment_id

settings = ClassifierSettings()  # type: ignore[call-arg]  # its values come from the environment
artifact = load_artifact(settings.model_dir)
threads = threads_for(settings.aws_lambda_function_memory_size, os.cpu_count() or 1)
router = create_router(
    classifier=Classifier(artifact, load_model(artifact, threads), time.perf_counter),
    receipts=ReceiptBook(settings.receipt_key.get_secret_value()),
    new_nonce=new_nonce,
    threads=threads,
    stands_in_for=settings.model_fallback_from,
)
environment = Environment(
    environment_id(settings.aws_lambda_log_stream_name), settings.aws_lambda_initialization_type
)
handler = lambda_handler(
    create_app("Image classifier", "/v1", router, environment, PowertoolsTelemetry())
)
