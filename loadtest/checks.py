"""Whether an answer is what it should be: its status, its headers and its whole body."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from loadtest.record import Outcome

PAGE_MARK = b'<script type="module"'
_RETRY_AFTER_S = 1.0
_MAX_RETRY_AFTER_S = 60.0
_GOOD = (HTTPStatus.OK, HTTPStatus.CREATED)


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where nothing did, then ``error`` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    error: Exception | None = None


@dataclass(frozen=True)
class Judgement:
    """How a request ended; ``retry_after_s`` is what a refused client is to wait."""

    outcome: Outcome
    reason: str = ""
    retry_after_s: float = 0.0


class WrongAnswer(Exception):
    """An answer of 200 or 201 that is not what was asked for."""


Check = Callable[[bytes], object]
"""Takes a body, and raises WrongAnswer."""


def judge(answer: Answer, check: Check) -> Judgement:
    """Sort an answer; only a good status has its body checked."""
    if answer.status == 0:
        timed_out = isinstance(answer.error, TimeoutError)
        return Judgement("timeout" if timed_out else "failed", repr(answer.error))
    if _refused(answer):
        return Judgement("refused", f"{answer.status}", _retry_after_s(answer.headers))
    if answer.status == HTTPStatus.GATEWAY_TIMEOUT:
        return Judgement("timeout", f"{answer.status}")
    if answer.status not in _GOOD:
        return Judgement("failed", f"{answer.status} {_code(answer.body)}".strip())
    try:
        check(answer.body)
    except WrongAnswer as exc:
        return Judgement("failed", str(exc))
    return Judgement("ok")


def cold_start(headers: Mapping[str, str]) -> bool | None:
    """What ``x-cold-start`` says; None without it (the page, the gateway's own answers)."""
    return {"true": True, "false": False}.get(headers.get("x-cold-start", ""))


def request_id(headers: Mapping[str, str]) -> str:
    """The function's id of the request, else the gateway's: what the server records go by."""
    return headers.get("x-request-id") or headers.get("apigw-requestid", "")


_Text = Annotated[str, Field(min_length=1)]
_Body = TypeVar("_Body", bound=BaseModel)


class Prediction(BaseModel):
    """One class with its probability."""

    label: _Text
    wnid: _Text | None
    score: float = Field(ge=0, le=1, allow_inf_nan=False)


class Model(BaseModel):
    """The model that answered."""

    name: _Text
    version: _Text


class Predicted(BaseModel):
    """The answer to a photo."""

    prediction_id: _Text
    model: Model
    predictions: list[Prediction]


class FeedbackTaken(BaseModel):
    """The answer to feedback."""

    prediction_id: str
    correct: bool


class Label(BaseModel):
    """One class."""

    index: int = Field(ge=0)
    label: _Text
    wnid: _Text | None


class LabelList(BaseModel):
    """Classes that match."""

    labels: list[Label] = Field(min_length=1)


def check_prediction(body: bytes, top_k: int) -> Predicted:
    """``top_k`` different classes, the likeliest first.

    Raises:
        WrongAnswer: something else.
    """
    predicted = _parse(Predicted, body)
    scores = [each.score for each in predicted.predictions]
    if len(scores) != top_k:
        raise WrongAnswer(f"{len(scores)} predictions, not {top_k}")
    if scores != sorted(scores, reverse=True):
        raise WrongAnswer("predictions are not in the order of their scores")
    if sum(scores) > 1 + 1e-3:
        raise WrongAnswer("probabilities sum to more than 1")
    if len({(each.label, each.wnid) for each in predicted.predictions}) != top_k:
        raise WrongAnswer("a class is there twice")
    return predicted


def check_feedback(body: bytes, prediction_id: str, *, correct: bool) -> None:
    """What was sent comes back.

    Raises:
        WrongAnswer: something else.
    """
    taken = _parse(FeedbackTaken, body)
    if (taken.prediction_id, taken.correct) != (prediction_id, correct):
        raise WrongAnswer("feedback came back changed")


def check_labels(body: bytes) -> None:
    """At least one class.

    Raises:
        WrongAnswer: something else.
    """
    _parse(LabelList, body)


def check_page(body: bytes) -> None:
    """The page with its script, to the end.

    Raises:
        WrongAnswer: something else.
    """
    if PAGE_MARK not in body or not body.rstrip().endswith(b"</html>"):
        raise WrongAnswer("not the whole page")


def _parse(model: type[_Body], body: bytes) -> _Body:
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise WrongAnswer(f"{where}: {first['msg']}") from exc


def _refused(answer: Answer) -> bool:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and (
        "retry-after" in answer.headers or _code(answer.body) == "too_many_requests"
    )


def _retry_after_s(headers: Mapping[str, str]) -> float:
    # API Gateway sends none; dates are allowed by the RFC, but nothing here sends them.
    text = headers.get("retry-after", "")
    return min(float(text), _MAX_RETRY_AFTER_S) if text.isdecimal() else _RETRY_AFTER_S


def _code(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""
