"""A router → AWS Lambda handler of API Gateway's events."""

from fastapi import APIRouter
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from serving.api import PROBLEM_JSON, ErrorForm, create_app
from serving.settings import ServingSettings
from serving.telemetry import PowertoolsTelemetry, Telemetry, environment_of


def http_handler(  # noqa: PLR0913, PLR0917  # everything that an app consists of
    title: str,
    base_path: str,
    router: APIRouter,
    settings: ServingSettings,
    telemetry: Telemetry | None = None,
    docs_path: str | None = None,
    error_form: ErrorForm | None = None,
) -> Mangum:
    """The handler of a function that serves ``router`` below ``base_path``, and its documentation
    there or below ``docs_path``; its errors are problems, or in ``error_form``.

    ``lifespan="off"``: Mangum would enter it on every invocation; what is loaded once is loaded
    when ``handler.py`` is imported.
    """
    app = create_app(
        title,
        base_path,
        router,
        environment_of(settings),
        telemetry or PowertoolsTelemetry(),
        docs_path,
        error_form,
    )
    return Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON])
