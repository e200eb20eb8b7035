"""Composition root: the only module that reads the environment and builds real things."""

from pathlib import Path

from iris.model import IrisModel
from iris.routes import create_router
from serving.lambda_http import http_handler
from tabular.artifact import load_artifact
from tabular.runtime import load_model
from tabular.settings import TabularSettings

settings = TabularSettings()
manifest, model = load_artifact(settings.model_dir or Path(__file__).with_name("model"))
router = create_router(IrisModel(manifest, load_model(model)))
handler = http_handler("Iris", "/v1", router, settings, docs_path="/v1/iris")
