"""Who loads the service: a person, and users of one endpoint each."""

import base64
import random
from collections.abc import Callable
from typing import Any

from locust import FastHttpUser, task

from loadtest import check
from loadtest.check import Answer, Check, Exchange, Result
from loadtest.photos import Photo
from loadtest.records import INDEX, LABELS, Request

# ruff: noqa: S311 - chance, not secrets
_SEARCHES = ("cat", "dog", "fish", "bird", "car")
_THINK_S = (1.0, 3.0)
_FEEDBACK_SHARE = 0.8  # of a person's predictions
_CORRECT_SHARE = 0.7  # of feedback


class ServiceUser(FastHttpUser):
    """Sends requests, has every answer checked and recorded, and waits when it is refused.

    Its steps say whether they got a good answer.
    """

    abstract = True
    network_timeout = 35.0  # longer than the 30 s an HTTP API waits: its answer is to be seen
    connection_timeout = 35.0
    photos: tuple[Photo, ...] = ()
    record: Callable[[Request], None]

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self.receipt = ""
        self._retry_after_s = 0.0

    def wait_time(self) -> float:
        """Seconds until the next request; a refused user waits as told, and not all the same."""
        wait_s, factor = self._retry_after_s, random.uniform(1.0, 2.0)
        return wait_s * factor if wait_s else self.pause_s()

    def pause_s(self) -> float:
        """Seconds between requests that were taken."""
        return float(self.options.pause_s) * random.uniform(0.5, 1.5)

    def open_page(self) -> bool:
        """Load the page."""
        page = Exchange(INDEX, "GET", self.options.page_url, check.check_page)
        return self.send(page) is not None

    def search_labels(self) -> bool:
        """Search the labels."""
        target = f"/v1/labels?q={random.choice(_SEARCHES)}"
        return self.send(Exchange(LABELS, "GET", target, check.check_labels)) is not None

    def predict(self) -> bool:
        """Send a photo and keep the receipt."""
        photo = random.choice(self.photos)
        body, content_type = photo.data, photo.content_type
        if self.options.photo_form == "json":
            in_base64 = base64.b64encode(body).decode()
            body, content_type = check.json_body(image=in_base64), check.JSON
        answer = self.send(check.predict(body, content_type, top_k=check.TOP_K))
        self.receipt = answer.json["prediction_id"] if answer is not None else self.receipt
        return answer is not None

    def give_feedback(self) -> bool:
        """Answer the last prediction, or make the first."""
        if not self.receipt:
            return self.predict()
        correct = random.random() < _CORRECT_SHARE
        return self.send(check.feedback(self.receipt, correct=correct)) is not None

    def send(self, exchange: Exchange) -> Answer | None:
        """The answer if it is good."""
        headers = {"content-type": exchange.content_type} if exchange.content_type else {}
        options: Any = {"data": exchange.body, "headers": headers}  # Locust types bodies as text
        with self.client.request(
            exchange.method, exchange.target, exchange.name, catch_response=True, **options
        ) as response:
            got: Any = response
            names = {name.lower(): value for name, value in (got.headers or {}).items()}
            error = got.error if not got.status_code else None
            answer = Answer(got.status_code, names, got.content or b"", error)
            result = self.classify(answer, exchange.check)
            meta = got.request_meta
            self._retry_after_s = result.retry_after_s
            self.note(exchange, answer, result, meta["start_time"], meta["response_time"])
            if result.outcome == "refused":
                # Its own line in Locust's table: neither a failure nor an answer's latency.
                meta["name"] = f"{exchange.name} (refused)"
            if result.outcome in ("ok", "refused"):
                response.success()
            else:
                response.failure(f"{result.outcome}: {result.reason}")
        return answer if result.outcome == "ok" else None

    def classify(self, answer: Answer, due: Check) -> Result:
        """How a request ended."""
        return check.classify(answer, due)

    def note(
        self, exchange: Exchange, answer: Answer, result: Result, start_s: float, latency_ms: float
    ) -> None:
        """Record a request that has ended."""
        headers, good = answer.headers, result.outcome == "ok"
        facts: dict[str, Any] = {
            # The function's id, else the gateway's: the server's record has it.
            "request_id": headers.get("x-request-id") or headers.get("apigw-requestid", ""),
            "environment_id": headers.get("x-environment-id", ""),
            # Neither without a function: the page, the gateway's own answers.
            "cold": {"true": True, "false": False}.get(headers.get("x-cold-start", "")),
            "request_bytes": len(exchange.body or b""),
            "reason": result.reason,
            "code": "" if good else answer.code,
            "comment": exchange.comment,
            "latency_ms": round(latency_ms, 3),
            "name": exchange.name,
            "status": answer.status,
            "outcome": result.outcome,
        }
        user = type(self)
        user.record(Request(start_s=start_s, user=user.__name__, **facts))


class Person(ServiceUser):
    """Opens the page, sends a photo, mostly says whether it was right, and sends the next.

    One request a task and the thinking in between, so that a run may end at any pause; what failed
    or was refused is tried again.
    """

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._step = self.predict if self.options.page_url == "none" else self.open_page

    def pause_s(self) -> float:
        """Time to look and think."""
        return random.uniform(*_THINK_S)

    @task
    def visit(self) -> None:
        """One step."""
        if self._step():
            answers = self._step == self.predict and random.random() < _FEEDBACK_SHARE
            self._step = self.give_feedback if answers else self.predict


# One endpoint each. Feedback sends one photo and answers it again and again: a conditional write.
Index = type("Index", (ServiceUser,), {"tasks": [ServiceUser.open_page]})
Predict = type("Predict", (ServiceUser,), {"tasks": [ServiceUser.predict]})
Feedback = type("Feedback", (ServiceUser,), {"tasks": [ServiceUser.give_feedback]})
Labels = type("Labels", (ServiceUser,), {"tasks": [ServiceUser.search_labels]})
