"""Requests, and whether their answers are what they should be: status, headers, whole body."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

from loadtest.records import FEEDBACK, PREDICT, Outcome

JSON = "application/json"
TOP_K = 5  # the API's default, too
_PAGE_SCRIPT = b'<script type="module"'
_RETRY_AFTER_S, _MAX_RETRY_AFTER_S = 1.0, 60.0
_ROUNDING = 1e-5  # scores have six digits
_TOO_MANY_REQUESTS, _UNAVAILABLE, _GATEWAY_TIMEOUT = 429, 503, 504


@dataclass(frozen=True)
class Answer:
    """An HTTP response; status 0 where none came, then ``error`` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    error: Exception | None = None

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """The body's JSON object, empty without one."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self) -> str:
        """The problem's code; empty without one."""
        return str(self.json.get("code", ""))

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


class WrongAnswer(Exception):
    """Not the answer that the request should get."""


Check = Callable[[Answer], object]
"""Raises WrongAnswer, as every check below does."""


class Exchange(NamedTuple):
    """A request by its ``name`` in tables and its ``target`` (path and query), and the check."""

    name: str
    method: str
    target: str
    check: Check
    body: bytes | Iterable[bytes] | None = None
    content_type: str = ""
    comment: str = ""  # feedback's own


class Result(NamedTuple):
    """How a request ended; ``retry_after_s`` is how long a refused client has to wait."""

    outcome: Outcome
    reason: str = ""
    retry_after_s: float = 0.0


def classify(answer: Answer, check: Check) -> Result:
    """Overload and timeouts are known by their status; any other answer has to pass ``check``."""
    if answer.status == 0:
        timed_out = isinstance(answer.error, TimeoutError)
        return Result("timeout" if timed_out else "failed", repr(answer.error))
    retry_after = answer.headers.get("retry-after")
    full = answer.status == _UNAVAILABLE and retry_after is not None
    if full or answer.status == _TOO_MANY_REQUESTS:
        # API Gateway sends no time; dates are allowed by the RFC, but nothing here sends them.
        wait_s = float(retry_after) if retry_after and retry_after.isdecimal() else _RETRY_AFTER_S
        return Result("refused", str(answer), min(wait_s, _MAX_RETRY_AFTER_S))
    if answer.status == _GATEWAY_TIMEOUT:
        return Result("timeout", str(answer))
    try:
        check(answer)
    except WrongAnswer as exc:
        return Result("failed", str(exc))
    return Result("ok")


def predict(body: bytes, content_type: str, name: str = PREDICT, top_k: int = 0) -> Exchange:
    """Send a photo, in whatever form; the number of classes is left to the API unless named."""
    target = f"/v1/predict?top_k={top_k}" if top_k else "/v1/predict"
    due = partial(check_prediction, top_k=top_k or TOP_K)
    return Exchange(name, "POST", target, due, body, content_type)


def predict_json(photo: bytes, name: str = PREDICT, top_k: int = 0) -> Exchange:
    """Send a photo in base64."""
    return predict(json_body(image=b64encode(photo).decode()), JSON, name, top_k)


def feedback(receipt: str, name: str = FEEDBACK, status: int = 0, **fields: Any) -> Exchange:
    """Say whether a prediction was right; ``status`` where only one will do."""
    statuses = (status,) if status else (200, 201)
    due = partial(check_feedback, statuses=statuses, receipt=receipt, correct=fields["correct"])
    body, comment = json_body(prediction_id=receipt, **fields), fields.get("comment", "")
    return Exchange(name, "POST", "/v1/feedback", due, body, JSON, comment)


def json_body(**members: object) -> bytes:
    """A JSON object."""
    return json.dumps(members).encode()


def check_status(answer: Answer, *statuses: int) -> None:
    """One of ``statuses``, 200 unless they are named."""
    _require(answer.status in (statuses or (200,)), str(answer))


def check_problem(answer: Answer, status: int, code: str) -> None:
    """A problem with its own code."""
    _require((answer.status, answer.code) == (status, code), f"{answer}, not {status} {code}")


def check_prediction(answer: Answer, top_k: int = TOP_K) -> None:
    """``top_k`` different classes, the likeliest first, from an environment that names itself."""
    check_status(answer)
    match answer.json:
        case {
            "prediction_id": str(receipt),
            "model": {"name": str(name), "version": str(version)},
            "predictions": [*predictions],
        } if receipt and name and version:
            ranking = [_class(prediction, "score", float | int) for prediction in predictions]
        case _:
            raise WrongAnswer(f"no prediction: {answer.body!r:.100}")
    scores, classes = [score for *_, score in ranking], {ranked[:2] for ranked in ranking}
    _require(len(scores) == top_k, f"{len(scores)} predictions, not {top_k}")
    _require(scores == sorted(scores, reverse=True), "predictions are not in order of their scores")
    _require(sum(scores) <= 1 + _ROUNDING, "probabilities sum to more than 1")
    _require(len(classes) == top_k, "a class is there twice")
    _require(bool(answer.headers.get("x-environment-id")), "no x-environment-id")


def check_feedback(
    answer: Answer, receipt: str, statuses: tuple[int, ...], *, correct: bool
) -> None:
    """What was sent comes back."""
    check_status(answer, *statuses)
    stored = (answer.json.get("prediction_id"), answer.json.get("correct"))
    _require(stored == (receipt, correct), "feedback came back changed")


def check_labels(answer: Answer) -> None:
    """At least one class."""
    check_status(answer)
    match answer.json:
        case {"labels": [_, *_] as labels}:
            for label in labels:
                _class(label, "index", int)
        case _:
            raise WrongAnswer(f"no labels: {answer.body!r:.100}")


def check_page(answer: Answer) -> None:
    """The page with its script, to the end."""
    check_status(answer)
    whole = _PAGE_SCRIPT in answer.body and answer.body.rstrip().endswith(b"</html>")
    _require(whole, "not the whole page")


def _class(value: Any, key: str, kind: Any) -> tuple[str, str | None, Any]:
    match value:
        case {"label": str(label), "wnid": None | str() as wnid} if label and wnid != "":
            number = value.get(key)
            if isinstance(number, kind) and number >= 0:
                return label, wnid, number
    raise WrongAnswer(f"no class with its {key}: {value!r:.100}")


def _require(holds: bool, reason: str) -> None:  # noqa: FBT001 - it is what is asserted
    if not holds:
        raise WrongAnswer(reason)
