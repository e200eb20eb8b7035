"""The users of a soak: visitors, reviewers who answer predictions, and hostile ones."""

import http.client
import random
import socket
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from locust import task
from PIL import Image

from loadtest import check
from loadtest.check import JSON, Answer, Check, Exchange, Result
from loadtest.photos import encode
from loadtest.soak.findings import comment_of
from loadtest.soak.requests import good_exchanges, hostile_exchanges, small_photo
from loadtest.users import ServiceUser

# ruff: noqa: S311 - chance, not secrets
_PAUSE_S, _REVIEW_S = 0.1, 0.5  # means
_PIECES, _PIECE_S, _STAY_S = 5, 0.2, 0.02
_SECOND_SHARE = 1 / 3  # of feedback is sent again


def equip(path: Path) -> None:
    """Give the users what they send, made from a photo."""
    image = Image.open(path).convert("RGB")
    jpeg = encode(small_photo(image), "JPEG")
    SoakUser.photo = check.predict(jpeg, "image/jpeg", "predict jpeg")
    Visitor.exchanges = tuple(good_exchanges(jpeg, image))
    Hostile.exchanges = tuple(hostile_exchanges(jpeg))


class SoakUser(ServiceUser):
    """Has a ``photo`` to send, and the ``exchanges`` of its class."""

    abstract = True
    exchanges: tuple[Exchange, ...] = ()
    photo: Exchange
    run_id = uuid.uuid4().hex[:8]

    def pause_s(self) -> float:
        """Seconds between requests."""
        return random.expovariate(1 / _PAUSE_S)

    def classify(self, answer: Answer, due: Check) -> Result:
        """A refusal is one only with the gateway's own code, and with ``Retry-After``."""
        result = super().classify(answer, due)
        as_due = answer.code == "too_many_requests" and "retry-after" in answer.headers
        if result.outcome == "refused" and not as_due:
            return Result("failed", result.reason)
        return result


class Visitor(SoakUser):
    """Sends photos and reads what the page reads."""

    weight = 4

    @task(21)
    def send_any(self) -> None:
        """One of the exchanges, by weight."""
        weights = [exchange.weight for exchange in self.exchanges]
        self.send(random.choices(self.exchanges, weights)[0])


class Reviewer(SoakUser):
    """Answers predictions, some of them twice."""

    fixed_count = 1

    def pause_s(self) -> float:
        """Seconds between predictions."""
        return _REVIEW_S

    @task
    def review(self) -> None:
        """A photo, and what is said of its prediction."""
        answer, note = self.send(self.photo), uuid.uuid4().hex
        receipt = answer.json["prediction_id"] if answer is not None else ""
        for number in range(1 + (random.random() < _SECOND_SHARE)):
            name, status = ("feedback again", 200) if number else ("feedback", 201)
            comment = comment_of(self.run_id, note, number)
            if answer is not None:
                again = check.feedback(
                    receipt, correct=True, name=name, status=status, comment=comment
                )
                answer = self.send(again)


class Hostile(Visitor):
    """Sends what must be refused, contradicts, dawdles, and leaves in the middle of a request."""

    weight = 3

    @task
    def contradict(self) -> None:
        """Call a prediction right, with another label."""
        answer = self.send(self.photo)
        if answer is not None:
            receipt, label = answer.json["prediction_id"], answer.json["predictions"][-1]["wnid"]
            body = check.json_body(prediction_id=receipt, correct=True, label=label)
            due = partial(check.check_problem, status=422, code="contradictory_label")
            self.send(Exchange("contradiction", "POST", "/v1/feedback", due, body, JSON))

    @task
    def upload_slowly(self) -> None:
        """A photo in pieces, without its length."""
        photo, body, start_s = self.photo, self.photo.body or b"", time.time()

        def pieces() -> Iterator[bytes]:
            size = len(body) // _PIECES + 1
            for start in range(0, len(body), size):
                yield body[start : start + size]
                time.sleep(_PIECE_S)

        address = urlsplit(self.host or "").netloc
        connection = http.client.HTTPConnection(address, timeout=self.network_timeout)
        try:
            headers = {"content-type": photo.content_type}
            connection.request(photo.method, photo.target, pieces(), headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status, names, response.read())
        except (OSError, http.client.HTTPException) as exc:
            answer = Answer(0, error=exc)
        connection.close()
        self._note("slow upload", answer, self.classify(answer, photo.check), start_s)

    @task(4)
    def break_off(self) -> None:
        """Part of an upload, or what is no HTTP at all, and away."""
        photo, start_s, result = self.photo.body or b"", time.time(), Result("ok")
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
        self._note(name, Answer(0), result, start_s)

    def _note(self, name: str, answer: Answer, result: Result, start_s: float) -> None:
        exchange = self.photo._replace(name=name)
        self.note(exchange, answer, result, start_s, (time.time() - start_s) * 1000)
