"""Whether an answer is the one due."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from loadtest.soak.requests import Exchange


@dataclass(frozen=True)
class Answer:
    """A response, read; ``content`` is its JSON where it has any."""

    status: int
    headers: Mapping[str, str]
    content: Any

    @property
    def code(self) -> str:
        """The problem's code, or nothing."""
        return self.content.get("code", "") if isinstance(self.content, dict) else ""


def wrong(exchange: Exchange, answer: Answer) -> str:
    """What is wrong with an answer; nothing when it is the one due."""
    if (answer.status, answer.code) != exchange.due:
        return f"{answer.status} {answer.code or answer.content!r:.200}, due {exchange.due}"
    if exchange.path.startswith("/v1/predict") and answer.status == HTTPStatus.OK:
        try:
            scores = [each["score"] for each in answer.content["predictions"]]
            receipt = answer.content["prediction_id"]
        except (TypeError, KeyError):
            return f"no prediction: {answer.content!r:.200}"
        expected = exchange.predictions
        if len(scores) != expected or scores != sorted(scores, reverse=True) or sum(scores) > 1:
            return f"scores {scores}"
        if not (receipt and answer.headers.get("x-environment-id")):
            return "no prediction_id, or no x-environment-id"
    return ""


def content(body: bytes) -> Any:
    """A body's JSON, or the body."""
    try:
        return json.loads(body)
    except ValueError:
        return body
