"""Golden photos → what a version of the classifier answers differently."""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

from deployment_check.golden import Expected, GoldenPhoto, GoldenSet
from deployment_check.request import Comparison, Event, Invoke, check, describe_problem, post

# More than five: a class among Keras' first five may rank a few places lower here.
TOP_K = 20
NO_PHOTO = b"GIF89a and no more"
REFUSALS = {(422, "image_damaged"), (415, "unsupported_image_format")}


def replay(golden: GoldenSet, invoke: Invoke) -> Iterator[Comparison]:
    """Ask for every photo, and for one that is broken."""
    for photo in golden.photos:
        event = _predict(photo.content, photo.media_type)
        compare = partial(_compare, golden, photo)
        yield check(photo.name, str(photo.expected[0]), invoke, event, compare)
    broken = _predict(NO_PHOTO, "image/gif")
    yield check("a broken photo", "a problem", invoke, broken, _compare_problem)


def _predict(photo: bytes, media_type: str) -> Event:
    return post("/v1/predict", photo, media_type, f"top_k={TOP_K}")


def _compare(
    golden: GoldenSet, photo: GoldenPhoto, status: int, body: dict[str, Any]
) -> tuple[str, str | None]:
    if status != HTTPStatus.OK:
        return describe_problem(status, body), f"status {status} instead of {HTTPStatus.OK}"
    best = body["predictions"][0]
    # never the body itself, which holds a receipt
    return str(Expected(best["label"], best["score"])), _disagreement(golden, photo, body)


def _disagreement(golden: GoldenSet, photo: GoldenPhoto, body: dict[str, Any]) -> str | None:
    version = body["model"]["version"]
    if version != golden.model_version:
        return f"model {version} answered, but the golden photos are of {golden.model_version}"
    best = body["predictions"][0]["label"]
    if photo.decisive and best != photo.expected[0].label:
        return f"{best}, but Keras says {photo.expected[0].label}"
    scores = {prediction["label"]: prediction["score"] for prediction in body["predictions"]}
    for expected in photo.expected:
        score = scores.get(expected.label, 0.0)  # not among the first: as good as nothing
        if not abs(score - expected.score) <= golden.tolerance:
            return f"{expected.label} has {score:.3f}, but Keras gives it {expected.score:.3f}"
    return None


def _compare_problem(status: int, body: dict[str, Any]) -> tuple[str, str | None]:
    actual = describe_problem(status, body)
    return actual, None if (status, body.get("code")) in REFUSALS else actual
