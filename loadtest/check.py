"""Requests, and whether their answers are what they should be: status, headers, whole body."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from flight_delay.schemas import DelaysOut
from image_classifier.schemas import LabelsOut
from iris.schemas import ClassifyOut
from loadtest.records import PREDICT, Outcome
from serving.prediction import PredictOut

Schema = TypeVar("Schema", bound=BaseModel)
JSON, _PAGE_SCRIPT = "application/json", b'<script type="module"'
_TOP_K = 5  # the API's default
_RETRY_AFTER_S, _MAX_RETRY_AFTER_S = 1.0, 60.0
_ROUNDING = 1e-5  # scores have six digits
_TOO_MANY_REQUESTS, _UNAVAILABLE, _GATEWAY_TIMEOUT = 429, 503, 504


@dataclass(frozen=True)
class Answer:
    """An HTTP response; where none came its status is 0, and ``error`` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    error: Exception | None = None

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """The body's JSON object, empty without one."""
        with suppress(ValueError, TypeError):
            return dict(json.loads(self.body))
        return {}

    @property
    def code(self) -> str:
        """The problem's code; empty without one."""
        return str(self.json.get("code", ""))

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


class WrongAnswer(Exception):
    """Not the answer that the request should get."""


Check = Callable[[Answer], object]
"""Raises WrongAnswer, as every check below does; text that it returns is kept with the request."""


class Exchange(NamedTuple):
    """A request by its ``name`` in tables and its ``target`` (path and query), and the check."""

    name: str
    method: str
    target: str
    check: Check
    body: bytes | Iterable[bytes] | None = None
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()  # others


class Result(NamedTuple):
    """How a request ended; ``retry_after_s`` is how long a refused client has to wait."""

    outcome: Outcome
    reason: str = ""
    retry_after_s: float = 0.0
    comment: str = ""  # what the check keeps


def classify(answer: Answer, check: Check) -> Result:
    """Overload and timeouts are known by their status; any other answer has to pass ``check``."""
    if answer.status == 0:
        timed_out = isinstance(answer.error, TimeoutError)
        return Result("timeout" if timed_out else "failed", repr(answer.error))
    retry_after = answer.headers.get("retry-after", "")
    if answer.status == _TOO_MANY_REQUESTS or (answer.status == _UNAVAILABLE and retry_after):
        # API Gateway sends no time; dates are allowed by the RFC, but nothing here sends them.
        wait_s = float(retry_after) if retry_after.isdecimal() else _RETRY_AFTER_S
        return Result("refused", str(answer), min(wait_s, _MAX_RETRY_AFTER_S))
    if answer.status == _GATEWAY_TIMEOUT:
        return Result("timeout", str(answer))
    try:
        kept = check(answer)
    except WrongAnswer as exc:
        return Result("failed", str(exc))
    return Result("ok", comment=kept if isinstance(kept, str) else "")


def predict(body: bytes, name: str = PREDICT, content_type: str = "image/jpeg") -> Exchange:
    """Send a photo, whose own bytes say its format, or another form of it."""
    return Exchange(name, "POST", "/v1/predict", check_prediction, body, content_type)


def predict_json(photo: bytes, name: str = PREDICT) -> Exchange:
    """Send a photo in base64."""
    return post("/v1/predict", {"image": b64encode(photo).decode()}, check_prediction, name)


def feedback(receipt: str, name: str = "", status: int = 0, **fields: Any) -> Exchange:
    """Say whether a prediction was right; ``status`` where only one will do."""
    statuses, sent = (status,) if status else (200, 201), {"prediction_id": receipt, **fields}
    return post("/v1/feedback", sent, partial(check_feedback, statuses=statuses, sent=sent), name)


def post(path: str, value: object, check: Check, name: str = "") -> Exchange:
    """Send JSON."""
    return Exchange(name or f"POST {path}", "POST", path, check, json.dumps(value).encode(), JSON)


def get(path: str, check: Check, name: str = "") -> Exchange:
    """Ask for something; its name has no query."""
    return Exchange(name or f"GET {path.partition('?')[0]}", "GET", path, check)


def check_status(answer: Answer, *statuses: int) -> None:
    """One of ``statuses``, 200 unless they are named."""
    require(answer.status in (statuses or (200,)), str(answer))


def check_problem(answer: Answer, status: int, code: str) -> None:
    """A problem with its own code."""
    require((answer.status, answer.code) == (status, code), f"{answer}, not {status} {code}")


def check_body(answer: Answer, schema: type[Schema], status: int = 200) -> Schema:
    """The body, which keeps the service's own schema."""
    check_status(answer, status)
    try:
        return schema.model_validate_json(answer.body, strict=True)
    except ValidationError as exc:
        raise WrongAnswer(f"no {schema.__name__}: {answer.body!r:.100}") from exc


def check_prediction(answer: Answer, top_k: int = _TOP_K) -> None:
    """``top_k`` different classes, the likeliest first, from an environment that names itself."""
    prediction = check_body(answer, PredictOut)
    scores = [ranked.score for ranked in prediction.predictions]
    classes = {(ranked.label, ranked.wnid) for ranked in prediction.predictions}
    names = (prediction.prediction_id, prediction.model.name, prediction.model.version)
    require(all(names) and all(label and wnid != "" for label, wnid in classes), "an empty name")
    require(scores == sorted(scores, reverse=True), "predictions are not in order of their scores")
    require(sum(scores) <= 1 + _ROUNDING, "probabilities sum to more than 1")
    require(len(scores) == len(classes) == top_k, f"not {top_k} different classes")
    require(bool(answer.headers.get("x-environment-id")), "no x-environment-id")


def check_feedback(answer: Answer, sent: Mapping[str, Any], statuses: tuple[int, ...]) -> str:
    """What was sent comes back; keeps its comment."""
    check_status(answer, *statuses)
    stored = {name: answer.json.get(name) for name in ("prediction_id", "correct")}
    require(stored.items() <= sent.items(), "feedback came back changed")
    return str(sent.get("comment", ""))


def check_labels(answer: Answer) -> None:
    """At least one class."""
    labels = check_body(answer, LabelsOut).labels
    require(bool(labels) and all(each.label and each.index >= 0 for each in labels), "no labels")


def check_species(answer: Answer, species: list[str]) -> None:
    """These species; one alone is in no list."""
    data = check_body(answer, ClassifyOut).data
    flowers = data if isinstance(data, list) else [data]
    labels = [flower and flower.pred_label for flower in flowers]
    require(labels == species and isinstance(data, list) == (len(species) > 1), f"not {species}")


def check_delays(answer: Answer, count: int) -> None:
    """An answer for each flight: 1 from the threshold on, to the six digits that are answered."""
    body = check_body(answer, DelaysOut)
    over = [(each.probability - round(body.threshold, 6), each.response) for each in body.flights]
    agree = all((rest > 0) <= response <= (rest >= 0) for rest, response in over)
    require(agree and len(over) == count, f"not {count} flights, each on its side of the threshold")


def check_page(answer: Answer) -> None:
    """The page with its script, to the end."""
    check_status(answer)
    whole = _PAGE_SCRIPT in answer.body and answer.body.rstrip().endswith(b"</html>")
    require(whole, "not the whole page")


def require(holds: bool, reason: str) -> None:  # noqa: FBT001 - it is what is asserted
    """Or the answer is wrong for this ``reason``."""
    if not holds:
        raise WrongAnswer(reason)
