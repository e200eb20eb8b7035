"""A golden set of two photos, and a classifier that answers as it is told."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from deployment_check.golden import Expected, GoldenPhoto, GoldenSet

VERSION = "0123456789ab"
CAT = (Expected("tabby", 0.7), Expected("lynx", 0.2))
GRASS = (Expected("ball", 0.31), Expected("mat", 0.3))
DECISIVE = GoldenPhoto("cat.png", "image/png", b"cat", decisive=True, expected=CAT)
AMBIGUOUS = GoldenPhoto("grass.png", "image/png", b"grass", decisive=False, expected=GRASS)
GOLDEN = GoldenSet(VERSION, 0.05, (DECISIVE, AMBIGUOUS))
RIGHT = {b"cat": {"tabby": 0.68, "lynx": 0.23}, b"grass": {"mat": 0.33, "ball": 0.29}}


def answer(scores: dict[str, float], version: str = VERSION) -> dict[str, Any]:
    """What the classifier returns to Lambda."""
    predictions = [{"label": label, "wnid": None, "score": s} for label, s in scores.items()]
    body = {"model": {"name": "m", "version": version}, "predictions": predictions}
    return {"statusCode": 200, "body": json.dumps(body)}


def problem(status: int, code: str) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps({"code": code})}


class Lines:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, *, extra: dict[str, Any]) -> None:
        self.events.append(f"{event} {extra}")

    error = info

    def exception(self, event: str) -> None:
        self.events.append(event)


@pytest.fixture
def classifier() -> Callable[..., Callable[[dict[str, Any]], dict[str, Any]]]:
    """Answers rightly, but for the photos whose answers are given."""

    def make(**instead: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def invoke(event: dict[str, Any]) -> dict[str, Any]:
            photo = base64.b64decode(event["body"])
            name = photo.decode() if photo in RIGHT else "broken"
            response = instead.get(name)
            if isinstance(response, Exception):
                raise response
            if response is not None:
                return response
            return answer(RIGHT[photo]) if photo in RIGHT else problem(422, "image_damaged")

        return invoke

    return make
