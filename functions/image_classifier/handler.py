"""Composition root: the only module that reads the environment and builds real things.

The model is loaded at import, in Lambda's init phase; an artifact that cannot be verified ends the
environment before it answers anything.
"""

import os
import time

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.routes import create_router
from image_classifier.runtime import load_model
from image_classifier.settings import ClassifierSettings
from serving.lambda_http import http_handler
from serving.receipts import ReceiptBook, new_nonce
from serving.settings import threads_for

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
handler = http_handler("Image classifier", "/v1", router, settings)
