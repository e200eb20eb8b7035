"""One request to a new version, as an HTTP API passes it on, and whether its answer is right."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]
Invoke = Callable[[Event], dict[str, Any]]
"""API Gateway event (payload format 2.0) → what the function returned."""

MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class NoAnswer(Exception):
    """The version failed, or did not answer in time."""


@dataclass(frozen=True)
class Comparison:
    """One request; ``disagreement`` is None where the version answered as it should."""

    name: str
    expected: str
    actual: str
    disagreement: str | None


def post(path: str, body: bytes, content_type: str, query: str = "") -> Event:
    """What an HTTP API sends for a POST."""
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": content_type, "content-length": str(len(body))},
        "requestContext": {
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "deployment-check",
            },
            "requestId": "deployment-check",
            "routeKey": f"POST {path}",
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def check(
    name: str,
    expected: str,
    invoke: Invoke,
    event: Event,
    compare: Callable[[int, dict[str, Any]], tuple[str, str | None]],
) -> Comparison:
    """Ask, and let ``compare`` say of status and body what they are and how they disagree.

    Nothing is raised for a wrong answer, or none.
    """
    actual = "no answer"
    try:
        answer = invoke(event)
        status, body = answer["statusCode"], json.loads(answer["body"])
        actual = describe_problem(status, body)
        actual, disagreement = compare(status, body)
    except NoAnswer as exc:
        disagreement = str(exc)
    except MALFORMED as exc:
        disagreement = f"an answer that is not understood ({type(exc).__name__}: {exc})"
    return Comparison(name, expected, actual, disagreement)


def describe_problem(status: int, body: dict[str, Any]) -> str:
    """An answer that is an error, in a few words."""
    return f"status {status} with the code {body.get('code')}"
