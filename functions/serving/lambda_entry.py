"""ASGI app → AWS Lambda handler."""

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from serving.api import PROBLEM_JSON, RequestEdge


def lambda_handler(app: RequestEdge) -> Mangum:
    """Handler for API Gateway events.

    ``lifespan="off"``: Mangum would enter it on every invocation; what is loaded once is loaded
    when ``handler.py`` is imported.
    """
    return Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON])
