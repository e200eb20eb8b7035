"""Golden photos → what a version of the classifier answers differently."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from deployment_check.golden import Expected, GoldenPhoto, GoldenSet

# More than five, so that a favourite of Keras' that slipped down a few places is still found.
TOP_K = 20
NO_PHOTO = b"GIF89a and no more"
OK = 200
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)

Invoke = Callable[[dict[str, Any]], dict[str, Any]]
"""API Gateway event (payload format 2.0) → what the function returned."""


class NoAnswer(Exception):
    """The version failed, or did not answer in time."""


@dataclass(frozen=True)
class Checked:
    """One request; ``disagreement`` is None where the version answered as it should."""

    name: str
    expected: str
    came: str
    disagreement: str | None


def replay(golden: GoldenSet, invoke: Invoke) -> Iterator[Checked]:
    """Ask for every photo, and for one that is broken; nothing is raised for a wrong answer."""
    for photo in golden.photos:
        event = _event(photo.content, photo.media_type)
        came, disagreement = _ask(invoke, event, partial(_compare, golden, photo))
        yield Checked(photo.name, str(photo.expected[0]), came, disagreement)
    came, disagreement = _ask(invoke, _event(NO_PHOTO, "image/gif"), _compare_problem)
    yield Checked("a broken photo", "a problem", came, disagreement)


def _ask(
    invoke: Invoke, event: dict[str, Any], compare: Callable[[dict[str, Any]], str | None]
) -> tuple[str, str | None]:
    """What came, in a few words, and how it disagrees."""
    came = "no answer"
    try:
        answer = invoke(event)
        came = _summary(answer)
        return came, compare(answer)
    except NoAnswer as exc:
        return came, str(exc)
    except MALFORMED as exc:
        return came, f"an answer that is not understood ({type(exc).__name__}: {exc})"


def _summary(answer: dict[str, Any]) -> str:
    """The favourite or the problem's code; never the body, which holds a receipt."""
    body = json.loads(answer["body"])
    if answer["statusCode"] == OK and "predictions" in body:
        best = body["predictions"][0]
        return str(Expected(best["label"], best["score"]))
    return f"status {answer['statusCode']} with the code {body.get('code')}"


def _compare(golden: GoldenSet, photo: GoldenPhoto, answer: dict[str, Any]) -> str | None:
    if answer["statusCode"] != OK:
        return f"status {answer['statusCode']} instead of {OK}"
    body = json.loads(answer["body"])
    version = body["model"]["version"]
    if version != golden.model_version:
        return f"model {version} answered, but the golden photos are of {golden.model_version}"
    best = body["predictions"][0]["label"]
    if photo.decisive and best != photo.expected[0].label:
        return f"{best}, but Keras says {photo.expected[0].label}"
    scores = {each["label"]: each["score"] for each in body["predictions"]}
    for expected in photo.expected:
        score = scores.get(expected.label, 0.0)  # not among the first: as good as nothing
        if not abs(score - expected.score) <= golden.tolerance:
            return f"{expected.label} has {score:.3f}, but Keras gives it {expected.score:.3f}"
    return None


def _compare_problem(answer: dict[str, Any]) -> str | None:
    code = json.loads(answer["body"]).get("code")
    if (answer["statusCode"], code) in {(422, "image_damaged"), (415, "unsupported_image_format")}:
        return None
    return f"status {answer['statusCode']} with the code {code}"


def _event(photo: bytes, media_type: str) -> dict[str, Any]:
    """What an HTTP API sends for ``POST /v1/predict``."""
    return {
        "version": "2.0",
        "routeKey": "POST /v1/predict",
        "rawPath": "/v1/predict",
        "rawQueryString": f"top_k={TOP_K}",
        "headers": {"content-type": media_type, "content-length": str(len(photo))},
        "requestContext": {
            "http": {
                "method": "POST",
                "path": "/v1/predict",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "deployment-check",
            },
            "requestId": "deployment-check",
            "routeKey": "POST /v1/predict",
            "stage": "$default",
        },
        "body": base64.b64encode(photo).decode(),
        "isBase64Encoded": True,
    }
