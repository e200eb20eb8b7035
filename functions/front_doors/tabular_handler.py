"""Composition root of the door to iris and flight delay: another command in their image."""

from pathlib import Path

from flight_delay.model import DelayModel
from front_doors.open_inference import create_router
from front_doors.refusals import error_object
from front_doors.settings import TabularDoorSettings
from front_doors.tabular_models import delay_model, iris_model
from iris.model import IrisModel
from serving.lambda_http import http_handler
from tabular.artifact import load_artifact
from tabular.runtime import load_model

FUNCTIONS = Path(__file__).parents[1]

settings = TabularDoorSettings()
iris, flowers = load_artifact(settings.iris_model_dir or FUNCTIONS / "iris" / "model")
delay, flights = load_artifact(
    settings.flight_delay_model_dir or FUNCTIONS / "flight_delay" / "model"
)
router = create_router(
    [
        iris_model(IrisModel(iris, load_model(flowers))),
        delay_model(DelayModel(delay, load_model(flights))),
    ]
)
handler = http_handler(
    "Front doors", "", router, settings, docs_path="/v2/models/iris", error_form=error_object
)
