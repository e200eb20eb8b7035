"""Who loads the services: a person, users of one endpoint each, and those of tabular models."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from locust import FastHttpUser, task

from flight_delay.schemas import AirlinesOut, PredictionOut
from loadtest import check
from loadtest.check import Answer, Exchange, Result
from loadtest.records import Request

# ruff: noqa: S311 - chance, not secrets
_SEARCHES = ("cat", "dog", "fish", "bird", "car")
_FEEDBACK_SHARE = 0.8  # of a person's predictions
_CORRECT_SHARE = 0.7  # of feedback
_SIZES = (1, 1, 1, 100)  # of a request; more than one is a list
_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_FLOWERS = {  # cm, typical of their species
    "Iris-setosa": (5.1, 3.5, 1.4, 0.2),
    "Iris-versicolor": (5.9, 2.8, 4.3, 1.3),
    "Iris-virginica": (7.7, 2.6, 6.9, 2.3),
}


class ServiceUser(FastHttpUser):
    """Has every answer checked and recorded, and waits when refused; steps return good answers."""

    abstract = True
    network_timeout = 35.0  # longer than the 30 s an HTTP API waits: its answer is to be seen
    connection_timeout = 35.0
    photos: tuple[Exchange, ...] = ()
    original = b""  # the last of them, as a file
    record: Callable[[Request], None]
    mean_pause_s = 0.0  # --pause-s if it is none

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self.receipt = ""
        self._retry_after_s = 0.0

    def wait_time(self) -> float:
        """Seconds until the next request; a refused user waits as told, and not all the same."""
        if self._retry_after_s:
            return self._retry_after_s * random.uniform(1.0, 2.0)
        return float(self.mean_pause_s or self.options.pause_s) * random.uniform(0.5, 1.5)

    def open_page(self) -> Answer | None:
        """Load the page."""
        return self.send(check.get(self.options.page_url, check.check_page, "GET /"))

    def search_labels(self) -> Answer | None:
        """Search the labels."""
        path = f"/v1/labels?q={random.choice(_SEARCHES)}"
        return self.send(check.get(path, check.check_labels))

    def predict(self) -> Answer | None:
        """Send a photo and keep the receipt."""
        answer = self.send(random.choice(self.photos))
        self.receipt = answer.json["prediction_id"] if answer else self.receipt
        return answer

    def give_feedback(self) -> Answer | None:
        """Answer the last prediction, or make the first."""
        feedback = check.feedback(self.receipt, correct=random.random() < _CORRECT_SHARE)
        return self.send(feedback) if self.receipt else self.predict()

    def send(self, exchange: Exchange) -> Answer | None:
        """The answer if it is good."""
        headers = dict(exchange.headers)
        headers |= {"content-type": exchange.content_type} if exchange.content_type else {}
        request: Any = partial(self.client.request, catch_response=True, headers=headers)
        # It types bodies as text.
        with request(exchange.method, exchange.target, exchange.name, exchange.body) as response:
            names = {name.lower(): value for name, value in (response.headers or {}).items()}
            error = None if response.status_code else response.error  # which others do not have
            answer = Answer(response.status_code, names, response.content or b"", error)
            result, meta = check.classify(answer, exchange.check), response.request_meta
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

    def note(
        self, exchange: Exchange, answer: Answer, result: Result, start_s: float, latency_ms: float
    ) -> None:
        """Record a request that has ended."""
        headers, body = answer.headers, exchange.body
        facts = (exchange.name, answer.status, result.outcome, round(latency_ms, 3))
        request = Request(
            *(start_s, type(self).__name__, *facts, len(body) if isinstance(body, bytes) else 0),
            # The function's id, else the gateway's: the server's record has it.
            request_id=headers.get("x-request-id") or headers.get("apigw-requestid", ""),
            environment_id=headers.get("x-environment-id", ""),
            # Neither without a function: the page, the gateway's own answers.
            cold={"true": True, "false": False}.get(headers.get("x-cold-start", "")),
            reason=result.reason,
            code="" if result.outcome == "ok" else answer.code,
            comment=result.comment,
        )
        type(self).record(request)


class Person(ServiceUser):
    """Opens the page, sends a photo, mostly says whether it was right, and sends the next; what
    failed or was refused is tried again. A request a task, so that a run may end at any pause."""

    mean_pause_s = 2.0  # to look and think

    def on_start(self) -> None:
        """Begins with the page, where there is one."""
        self._step = self.predict if self.options.page_url == "none" else self.open_page

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


class Iris(ServiceUser):
    """Has flowers classified."""

    @task
    def classify(self) -> None:
        """One flower, or a list."""
        species = random.choices(list(_FLOWERS), k=random.choice(_SIZES))
        flowers = [dict(zip(_COLUMNS, _FLOWERS[name], strict=True)) for name in species]
        sent = flowers if len(flowers) > 1 else flowers[0]
        self.send(check.post("/v1/classify", sent, partial(check.check_species, species=species)))


class FlightDelay(ServiceUser):
    """Asks whether flights of the airlines there are will be late."""

    airlines: tuple[str, ...] = ()

    @task
    def ask(self) -> None:
        """The airlines, then one flight or a list."""
        if not self.airlines:
            due = partial(check.check_body, schema=AirlinesOut)
            answer = self.send(check.get("/v1/flights/airlines", due))
            self.airlines = tuple(answer.json["airlines"]) if answer else ()
            return
        flights = [
            {"OPERA": airline, "MES": random.randint(1, 12), "TIPOVUELO": random.choice("IN")}
            for airline in random.choices(self.airlines, k=random.choice(_SIZES))
        ]
        response = partial(check.check_body, schema=PredictionOut)
        delays = partial(check.check_delays, count=len(flights))
        one = check.get(f"/prediction?{urlencode(flights[0])}", response)
        self.send(one if len(flights) == 1 else check.post("/v1/flights/delay", flights, delays))
