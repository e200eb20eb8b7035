"""Composition root: the only module that reads the environment and builds real things."""

from pathlib import Path

from flight_delay.model import DelayModel
from flight_delay.routes import create_router
from serving.lambda_http import http_handler
from tabular.artifact import load_artifact
from tabular.runtime import load_model
from tabular.settings import TabularSettings

settings = TabularSettings()
manifest, model = load_artifact(settings.model_dir or Path(__file__).with_name("model"))
router = create_router(DelayModel(manifest, load_model(model)))
# Not below /v1: clients of the service before this one ask at the root.
handler = http_handler("Flight delay", "", router, settings, docs_path="/v1/flights")
