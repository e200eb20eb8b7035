"""Predictions of a running cloud from outside, and the stand-in's parts behind them."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import requests

from infra.local.aws.stand_in import ENDPOINT_FILE
from tests.conftest import LIMIT_S, Cloud, wait_until

JPEG = {"content-type": "image/jpeg"}
UNFINISHED = {"awaiting_upload", "queued", "running"}
VISIBILITY_S = 180


@dataclass(frozen=True, eq=False)
class Parts:
    """A cloud whose topic tells a queue, ``news``; ``told`` counts what came by it."""

    cloud: Cloud
    news: str = "News"
    told: Counter[str] = field(default_factory=Counter)

    @cache  # noqa: B019 - it lives as long as its cloud
    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=(self.cloud.data / "aws" / ENDPOINT_FILE).read_text(),
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def subscribe(self) -> None:
        sqs, sns = self.client("sqs"), self.client("sns")
        url = sqs.create_queue(QueueName=self.news)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        (topic,) = (t["TopicArn"] for t in sns.list_topics()["Topics"] if "Pred" in t["TopicArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])

    def post(self, photo: bytes, **headers: str) -> requests.Response:
        url = f"{self.cloud.url}/v1/predictions"
        return requests.post(url, data=photo, headers=JPEG | headers, timeout=LIMIT_S)

    def announce(self, size_bytes: int) -> tuple[str, dict[str, Any]]:
        """The id of a prediction that awaits its photo, and the form to upload it with."""
        photo = {"content_type": "image/jpeg", "bytes": size_bytes}
        response = requests.post(f"{self.cloud.url}/v1/uploads", json=photo, timeout=LIMIT_S)
        body = response.json()
        return body["prediction"]["id"], body["upload"]

    def upload(self, form: dict[str, Any], photo: bytes, **fields: str) -> requests.Response:
        files = {"file": ("photo.jpg", photo)}
        return requests.post(
            form["url"], data=form["fields"] | fields, files=files, timeout=LIMIT_S
        )

    def state(self, prediction_id: str) -> dict[str, Any]:
        url = f"{self.cloud.url}/v1/predictions/{prediction_id}"
        return requests.get(url, timeout=LIMIT_S).json()

    def stored_statuses(self) -> dict[str, str]:
        """Of every prediction, as the table has it; it has callers' keys too."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName="PredictionsTable")
        items = [item for page in pages for item in page["Items"] if "status" in item]
        return {item["id"]["S"]: item["status"]["S"] for item in items}

    def finished(self, prediction_id: str) -> dict[str, Any]:
        """Its state once it is finished and the queue has nothing left to do."""
        wait_until(lambda: self.state(prediction_id)["status"] not in UNFINISHED)
        self.settle()
        return self.state(prediction_id)

    def send(self, body: str, queue: str = "UploadsQueue") -> None:
        self.client("sqs").send_message(QueueUrl=queue, MessageBody=body)

    def receive(self, queue: str) -> list[str]:
        sqs, bodies = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            bodies += [message["Body"] for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def notifications(self, prediction_id: str) -> int:
        """How often the topic was told of a prediction."""
        for body in self.receive(self.news):
            self.told[json.loads(json.loads(body)["Message"])["id"]] += 1
        return self.told[prediction_id]

    def settle(self) -> None:
        """Wait until no message is left, neither waiting nor under way."""
        wait_until(lambda: not any(self._messages()))

    def _messages(self) -> list[int]:
        sqs = self.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = sqs.get_queue_attributes(QueueUrl="UploadsQueue", AttributeNames=names)
        return [int(number) for number in answer["Attributes"].values()]

    def photos_kept(self) -> int:
        return self.client("s3").list_objects_v2(Bucket="uploadsbucket")["KeyCount"]

    @contextmanager
    def visibility(self, seconds: int) -> Iterator[None]:
        """Meanwhile a message that was not dealt with comes again after so many seconds."""
        change = self.client("sqs").set_queue_attributes
        change(QueueUrl="UploadsQueue", Attributes={"VisibilityTimeout": str(seconds)})
        yield
        change(QueueUrl="UploadsQueue", Attributes={"VisibilityTimeout": str(VISIBILITY_S)})


class Table(ThreadingHTTPServer):
    """DynamoDB's API in front of the stand-in's; ``throttles`` says of a call's action and body
    whether it is refused."""

    daemon_threads = True
    endpoint = Path()
    throttles: Callable[[str, str], bool] = staticmethod(lambda _action, _body: False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Table

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        _, _, action = self.headers["x-amz-target"].rpartition(".")
        status, answer = 400, b'{"__type": "x#ProvisionedThroughputExceededException"}'
        if not self.server.throttles(action, body.decode()):
            headers = {"x-amz-target": self.headers["x-amz-target"]}
            url = self.server.endpoint.read_text()
            response = requests.post(url, data=body, headers=headers, timeout=LIMIT_S)
            status, answer = response.status_code, response.content
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def throttling_table(endpoint: Path) -> Iterator[Table]:
    """``endpoint`` is the file that will hold the stand-in's address."""
    with Table(("127.0.0.1", 0), _Call) as table:
        table.endpoint = endpoint
        threading.Thread(target=table.serve_forever).start()
        yield table
        table.shutdown()
