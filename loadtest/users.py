"""Who loads the service: a person, and users of one endpoint each."""

import base64
import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from locust import FastHttpUser, task

from loadtest.checks import (
    Answer,
    Check,
    Judgement,
    check_feedback,
    check_labels,
    check_page,
    check_prediction,
    cold_start,
    judge,
    request_id,
)
from loadtest.photos import Photo
from loadtest.record import FEEDBACK, INDEX, LABELS, PREDICT, ClientRecord

_TOP_K = 5
_JSON = "application/json"
_SEARCHES = ("cat", "dog", "fish", "bird", "car")
_THINK_S = (1.0, 3.0)
_ANSWERS = 0.8  # share of predictions that a person answers
_RIGHT = 0.7  # share of answers that say so

Step = Callable[[], bool]
"""Sends one request; whether it was answered as it should be."""


class ServiceUser(FastHttpUser):
    """Sends requests, has every answer checked and recorded, and waits when told to."""

    abstract = True
    network_timeout = 35.0  # longer than the 30 s an HTTP API waits: its answer is to be seen
    connection_timeout = 35.0
    photos: tuple[Photo, ...] = ()
    record: Callable[[ClientRecord], None]

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self.prediction_id = ""
        self._retry_after_s = 0.0

    def wait_time(self) -> float:
        """Seconds until the next request; a refused user waits as told, and not all the same."""
        if self._retry_after_s:
            return self._retry_after_s * random.uniform(1.0, 2.0)  # noqa: S311 - no secret
        return self.pause_s()

    def pause_s(self) -> float:
        """Seconds between requests that were taken."""
        return float(self.options.pause_s) * random.uniform(0.5, 1.5)  # noqa: S311

    def open_page(self) -> bool:
        """Load the page."""
        return self._send(INDEX, self.options.page_url, check_page) is not None

    def predict(self) -> bool:
        """Send a photo; its receipt is kept."""
        photo = random.choice(self.photos)  # noqa: S311
        check = partial(check_prediction, top_k=_TOP_K)
        body, content_type = _photo_body(photo, self.options.photo_form)
        answer = self._send(PREDICT, f"/v1/predict?top_k={_TOP_K}", check, body, content_type)
        if answer is None:
            return False
        self.prediction_id = check(answer).prediction_id
        return True

    def give_feedback(self) -> bool:
        """Answer the last prediction."""
        receipt, correct = self.prediction_id, random.random() < _RIGHT  # noqa: S311
        check = partial(check_feedback, prediction_id=receipt, correct=correct)
        body = json.dumps({"prediction_id": receipt, "correct": correct}).encode()
        return self._send(FEEDBACK, "/v1/feedback", check, body, _JSON) is not None

    def search_labels(self) -> bool:
        """Search the labels."""
        search = random.choice(_SEARCHES)  # noqa: S311
        return self._send(LABELS, f"/v1/labels?q={search}", check_labels) is not None

    def _send(
        self, name: str, url: str, check: Check, body: bytes | None = None, content_type: str = ""
    ) -> bytes | None:
        """The body of a good answer, else None."""
        method = name.partition(" ")[0]
        headers = {"content-type": content_type} if content_type else {}
        # Locust types its bodies as text, and takes bytes.
        data: Any = body
        with self.client.request(
            method, url, name=name, data=data, headers=headers, catch_response=True
        ) as response:
            answer = _answer(response)
            judgement = judge(answer, check)
            meta = response.request_meta
            self._retry_after_s = judgement.retry_after_s
            self._record(name, len(body or b""), meta, answer, judgement)
            if judgement.outcome == "refused":
                # Its own line in Locust's table: neither a failure nor an answer's latency.
                meta["name"] = f"{name} (refused)"
                response.success()
            elif judgement.outcome == "ok":
                response.success()
            else:
                response.failure(f"{judgement.outcome}: {judgement.reason}")
        return answer.body if judgement.outcome == "ok" else None

    def _record(
        self, name: str, request_bytes: int, meta: Any, answer: Answer, judgement: Judgement
    ) -> None:
        type(self).record(
            ClientRecord(
                start_s=meta["start_time"],
                user=type(self).__name__,
                name=name,
                status=answer.status,
                outcome=judgement.outcome,
                latency_ms=round(meta["response_time"], 3),
                request_bytes=request_bytes,
                request_id=request_id(answer.headers),
                environment_id=answer.headers.get("x-environment-id", ""),
                cold=cold_start(answer.headers),
                reason=judgement.reason,
            )
        )


class Person(ServiceUser):
    """Opens the page, sends a photo, mostly says whether it was right, and sends the next.

    One request a task and the thinking in between, so that a run may end at any pause; what failed
    or was refused is tried again.
    """

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        has_page = self.options.page_url != "none"
        self._step: Step = self.open_page if has_page else self.predict

    def pause_s(self) -> float:
        """Time to look and think."""
        return random.uniform(*_THINK_S)  # noqa: S311

    @task
    def act(self) -> None:
        """One step of the visit."""
        if self._step():
            self._step = self._next()

    def _next(self) -> Step:
        if self._step == self.predict and random.random() < _ANSWERS:  # noqa: S311
            return self.give_feedback
        return self.predict


class Index(ServiceUser):
    """Opens the page."""

    @task
    def act(self) -> None:
        """Once."""
        self.open_page()


class Predict(ServiceUser):
    """Sends photos."""

    @task
    def act(self) -> None:
        """One."""
        self.predict()


class Feedback(ServiceUser):
    """Sends one photo, then answers it again and again: a conditional write each."""

    @task
    def act(self) -> None:
        """One answer."""
        if self.prediction_id:
            self.give_feedback()
        else:
            self.predict()


class Labels(ServiceUser):
    """Searches labels."""

    @task
    def act(self) -> None:
        """Once."""
        self.search_labels()


def _photo_body(photo: Photo, form: Literal["raw", "json"]) -> tuple[bytes, str]:
    if form == "raw":
        return photo.data, photo.content_type
    return json.dumps({"image": base64.b64encode(photo.data).decode()}).encode(), _JSON


def _answer(response: Any) -> Answer:
    if not response.status_code:
        return Answer(0, error=response.error)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content or b"")
