"""Photos that are answered later: whether they are taken, and how they end."""

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from loadtest.check import Answer, check_body, check_status, classify, require
from prediction_store.record import UNFINISHED
from predictions.schemas import PredictionStateOut

UPLOAD = "upload to the bucket"


def fingerprint(body: Mapping[str, Any]) -> str:
    """What all answers to one photo have in common: neither receipt nor request id."""
    common = {key: body[key] for key in body if key not in ("prediction_id", "request_id")}
    digest = sha256(json.dumps(common, sort_keys=True).encode()).hexdigest()
    return f"{body.get('code', 'succeeded')}:{digest[:12]}"


def end_of(answer: Answer) -> str:
    """The fingerprint of what a photo was answered; empty while it is unfinished."""
    if check_body(answer, PredictionStateOut).status in UNFINISHED:
        require("retry-after" in answer.headers, "no Retry-After")
        return ""
    body = answer.json.get("prediction") or answer.json.get("error") or {}
    require(bool(body), f"it ended as {answer.json['status']}")
    return fingerprint(body)


def check_taken(answer: Answer, end: str, taken: str) -> str:
    """202, or the bucket's 204; the id, that of ``taken`` if there was one, and its due ``end``."""
    check_status(answer, 202, 204)
    prediction_id = answer.json.get("id", taken)
    require(bool(prediction_id) and taken in ("", prediction_id), f"not {taken}, {prediction_id}")
    return f"photo {prediction_id} {end}"


def wait_for_ends(
    ids: Iterable[str], ask: Callable[[str], Answer], rounds: int, wait: Callable[[], object]
) -> dict[str, str]:
    """How photos end, by id: a fingerprint, what was wrong, or nothing in all ``rounds``."""
    ends = dict.fromkeys(ids, "")
    for _ in range(rounds):
        for key in [key for key, end in ends.items() if not end]:
            result = classify(ask(key), end_of)
            ends[key] = result.comment or result.reason
        if all(ends.values()):
            break
        wait()
    return ends
