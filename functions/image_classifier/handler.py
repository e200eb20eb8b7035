"""Composition root of the API: builds real things from what it reads in the environment.

The model is loaded at import, in Lambda's init phase; an artifact that cannot be verified ends the
environment before it answers anything.
"""

import os
from functools import partial

from image_classifier.predictor import load_predictor
from image_classifier.routes import create_router
from image_classifier.settings import ClassifierSettings
from serving.lambda_http import http_handler
from tabular.routes import list_models

settings = ClassifierSettings()  # type: ignore[call-arg]  # its values come from the environment
router = create_router(
    predictor=load_predictor(settings, os.cpu_count() or 1),
    stands_in_for=settings.model_fallback_from,
    # read when asked for: a cold start does not wait for them, nor photos for a fault in them
    other_models=partial(list_models, settings.other_models),
)
handler = http_handler("Image classifier", "/v1", router, settings)
