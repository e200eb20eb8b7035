"""A router → AWS Lambda handler of API Gateway's events."""

from collections.abc import Callable
from typing import Any

import pybase64
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
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
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
    adapter = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON])
    return lambda event, context: adapter(_with_bytes(event), context)


def _with_bytes(event: dict[str, Any]) -> dict[str, Any]:
    """Mangum takes a body of bytes as it is, and would decode base64 30 times as slowly."""
    if not (event.get("isBase64Encoded") and event.get("body")):
        return event
    body = pybase64.b64decode(event["body"], validate=True)
    return event | {"body": body, "isBase64Encoded": False}
