"""The users of a soak: visitors, reviewers, those whose photos wait, and hostile ones."""

import random
import socket
import time
import uuid
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from locust import task

from loadtest import check
from loadtest.check import Answer, Exchange, Result
from loadtest.photos import encode
from loadtest.soak import queued, requests
from loadtest.users import ServiceUser
from predictions.schemas import UploadOut

# ruff: noqa: S311 - chance, not secrets
_PIECES, _PIECE_S, _STAY_S = 5, 0.2, 0.02
_SECOND_SHARE, _LAST_SHARE = 1 / 3, 1 / 50  # of feedback is sent again; of polls end asking


class SoakUser(ServiceUser):
    """Sends what is made of one photo, the largest where they are generated."""

    abstract = True
    mean_pause_s = 0.1

    def on_start(self) -> None:
        """Has its photo."""
        self.jpeg = encode(requests.web_photo(self.original), "JPEG")
        self.photo = check.predict(self.jpeg, "predict jpeg")


class Visitor(SoakUser):
    """Sends photos and reads what the page reads."""

    weight = 4
    make_exchanges = staticmethod(requests.good_exchanges)

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
            receipt, note = answer.json["prediction_id"], uuid.uuid4().hex
            kinds = (("feedback", 201), ("feedback again", 200))
            for number, kind in enumerate(kinds[: 1 + (random.random() < _SECOND_SHARE)]):
                text = f"soak {note} {number}"
                if not self.send(check.feedback(receipt, *kind, correct=True, comment=text)):
                    break


class Enqueuer(SoakUser):
    """Has a photo answered at once, then later too, and polls until that has ended, or for long."""

    fixed_count = 4
    waiting = end = ""  # the prediction's id, and the fingerprint that it must end with

    @task
    def enqueue_or_poll(self) -> None:
        """One step, so that a run may end at any pause."""
        photo, file = random.choice(requests.late_photos(self.original))
        if self.waiting:
            path, name = f"/v1/predictions/{self.waiting}", "GET /v1/predictions/ID"
            answer = self.send(check.get(path, queued.end_of, name))
            ended = answer and queued.end_of(answer)
            self.waiting = "" if ended or random.random() < _LAST_SHARE else self.waiting
        elif answer := self.send(photo):
            self.end = queued.fingerprint(answer.json)
            if file:
                self._upload(file)
            else:
                self._enqueue(photo)

    def _enqueue(self, photo: Exchange) -> None:
        """With a key it is sent twice, as by a client that missed the answer."""
        path = photo.target.replace("predict", "predictions")
        keyed = (("idempotency-key", uuid.uuid4().hex),)
        for headers in random.choice(([()], [keyed, keyed])):
            due = partial(queued.check_taken, end=self.end, taken=self.waiting)
            later = photo._replace(name="POST /v1/predictions", target=path, check=due)
            answer = self.send(later._replace(headers=headers))
            self.waiting = answer.json["id"] if answer else self.waiting

    def _upload(self, file: bytes) -> None:
        announced = {"content_type": "image/bmp", "bytes": len(file)}
        form_due = partial(check.check_body, schema=UploadOut, status=201)
        if answer := self.send(check.post("/v1/uploads", announced, form_due)):
            taken, form = answer.json["prediction"]["id"], answer.json["upload"]
            due = partial(queued.check_taken, end=self.end, taken=taken)
            body = requests.encode_form(file, **form["fields"])
            if self.send(Exchange(queued.UPLOAD, "POST", form["url"], due, body, requests.FORM)):
                self.waiting = taken


class Hostile(Visitor):
    """Sends what must be refused, contradicts, dawdles, and leaves in the middle of a request."""

    weight = 3
    make_exchanges = staticmethod(requests.hostile_exchanges)

    @task
    def contradict(self) -> None:
        """Call a prediction right, with another label."""
        if answer := self.send(self.photo):
            receipt, label = answer.json["prediction_id"], answer.json["predictions"][-1]["wnid"]
            sent = {"prediction_id": receipt, "correct": True, "label": label}
            due = partial(check.check_problem, status=422, code="contradictory_label")
            self.send(check.post("/v1/feedback", sent, due, "contradiction"))

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
        photo, start_s, url = self.jpeg, time.time(), urlsplit(self.host or "")
        head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        request = head + b"Content-Length: %d\r\n\r\n" % len(photo) + photo
        parts = {
            "upload cut off": request[: -len(photo) // 2],
            "left before the answer": request,
            "header cut off": head,
            "not HTTP": f"{uuid.uuid4()}\r\n\r\n".encode(),
        }
        name, part = random.choice(list(parts.items()))
        address = (str(url.hostname), url.port or 80)
        with socket.create_connection(address, self.network_timeout) as connection:
            connection.sendall(part)
            time.sleep(_STAY_S)
            if name == "not HTTP":
                check.require(b" 400 " in (line := connection.recv(100)), f"{line!r}, not 400")
        exchange, latency_ms = self.photo._replace(name=name), (time.time() - start_s) * 1000
        self.note(exchange, Answer(0), Result("ok"), start_s, latency_ms)
