"""Composition root of the doors to the image model: another command in the classifier's image."""

import os
import time

from fastapi import APIRouter

from front_doors import hugging_face, open_inference, tensorflow_serving
from front_doors.photo_model import photo_model
from front_doors.refusals import error_object
from front_doors.settings import PhotoDoorSettings
from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from serving.lambda_http import http_handler
from serving.settings import threads_for

settings = PhotoDoorSettings()  # type: ignore[call-arg]  # its values come from the environment
artifact = load_artifact(settings.model_dir)
threads = threads_for(settings.aws_lambda_function_memory_size, os.cpu_count() or 1)
classifier = Classifier(artifact, load_model(artifact, threads), time.perf_counter)
router = APIRouter()
router.include_router(open_inference.create_router([photo_model(classifier)]))
router.include_router(tensorflow_serving.create_router(classifier))
router.include_router(hugging_face.create_router(classifier))
handler = http_handler(
    "Front doors", "", router, settings, docs_path="/v2", error_form=error_object
)
