"""The users of a soak: visitors, reviewers who answer predictions, and hostile ones."""

import random
import socket
import time
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from locust import task

from loadtest import check
from loadtest.check import JSON, Answer, Exchange, Result
from loadtest.soak.requests import good_exchanges, hostile_exchanges, web_photo
from loadtest.users import ServiceUser

# ruff: noqa: S311 - chance, not secrets
_PIECES, _PIECE_S, _STAY_S = 5, 0.2, 0.02
_SECOND_SHARE = 1 / 3  # of feedback is sent again


class SoakUser(ServiceUser):
    """Sends what is made of one photo, the largest where they are generated."""

    abstract = True
    mean_pause_s = 0.1

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.jpeg = web_photo(self.original)
        self.photo = check.predict(self.jpeg, "image/jpeg", "predict jpeg")


class Visitor(SoakUser):
    """Sends photos and reads what the page reads."""

    weight = 4
    make_exchanges = staticmethod(good_exchanges)

    @task(21)
    def send_any(self) -> None:
        """One of its exchanges."""
        self.send(random.choice(self.make_exchanges(self.original)))


class Reviewer(SoakUser):
    """Answers predictions, some of them twice."""

    fixed_count = 1
    mean_pause_s = 0.5

    @task
    def review(self) -> None:
        """A photo, and what is said of its prediction."""
        if answer := self.send(self.photo):
            again = random.random() < _SECOND_SHARE
            statuses = {"feedback": 201, "feedback again": 200} if again else {"feedback": 201}
            receipt, note = answer.json["prediction_id"], uuid.uuid4().hex
            for number, (name, status) in enumerate(statuses.items()):
                text = f"soak {note} {number}"
                if not self.send(check.feedback(receipt, name, status, correct=True, comment=text)):
                    break


class Hostile(Visitor):
    """Sends what must be refused, contradicts, dawdles, and leaves in the middle of a request."""

    weight = 3
    make_exchanges = staticmethod(hostile_exchanges)

    @task
    def contradict(self) -> None:
        """Call a prediction right, with another label."""
        if answer := self.send(self.photo):
            receipt, label = answer.json["prediction_id"], answer.json["predictions"][-1]["wnid"]
            body = check.json_body(prediction_id=receipt, correct=True, label=label)
            due = partial(check.check_problem, status=422, code="contradictory_label")
            self.send(Exchange("contradiction", "POST", "/v1/feedback", due, body, JSON))

    @task
    def upload_slowly(self) -> None:
        """A photo in pieces, without its length."""

        def pieces() -> Iterator[bytes]:
            size = len(self.jpeg) // _PIECES + 1
            for start in range(0, len(self.jpeg), size):
                yield self.jpeg[start : start + size]
                time.sleep(_PIECE_S)

        self.send(self.photo._replace(name="slow upload", body=pieces()))

    @task(4)
    def break_off(self) -> None:
        """Part of an upload, or what is no HTTP at all, and away."""
        photo, start_s, result = self.jpeg, time.time(), Result("ok")
        head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        request = head + b"Content-Length: %d\r\n\r\n" % len(photo) + photo
        parts = {
            "upload cut off": request[: -len(photo) // 2],
            "left before the answer": request,
            "header cut off": head,
            "not HTTP": f"{uuid.uuid4()}\r\n\r\n".encode(),
        }
        name, part = random.choice(list(parts.items()))
        url = urlsplit(self.host or "")
        try:
            address = (str(url.hostname), url.port or 80)
            with socket.create_connection(address, self.network_timeout) as connection:
                connection.sendall(part)
                time.sleep(_STAY_S)
                if name == "not HTTP" and b" 400 " not in (line := connection.recv(100)):
                    result = Result("failed", f"{line!r}, not 400")
        except OSError as exc:
            result = Result("failed", repr(exc))
        latency_ms = (time.time() - start_s) * 1000
        self.note(self.photo._replace(name=name), Answer(0), result, start_s, latency_ms)
