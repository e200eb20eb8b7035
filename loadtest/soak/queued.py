"""Photos that are answered later: whether they are taken, and how they end."""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import chain
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


def compare_ends(
    taken: Mapping[str, str], ask: Callable[[str], Answer], pauses: Iterator[object]
) -> Iterator[str]:
    """Sentences on photos, by id, that do not end as they must; ``pauses`` are for all of them."""
    for photo, due in taken.items():
        results = (classify(ask(photo), end_of) for _ in chain([None], pauses))
        ends = (result.comment or result.reason for result in results)
        if (end := next(filter(None, ends), "unfinished")) != due:
            yield f"photo {photo}: {end}, not {due}"
