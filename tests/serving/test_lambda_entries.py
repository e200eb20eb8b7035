"""Handlers of a queue and of plain invocations leave the same records as those of HTTP."""

from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from serving.errors import NotFound
from serving.lambda_invoke import invoke_handler
from serving.lambda_queue import queue_handler
from serving.telemetry import Record, ServingEnvironment
from tests.classifier_fakes import RecordingTelemetry

CONTEXT = SimpleNamespace(aws_request_id="r-1")


def batch(*bodies: str) -> dict[str, Any]:
    """A batch as SQS hands it to Lambda; a message's id is its body."""
    return {
        "Records": [
            {"messageId": body, "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for body in bodies
        ]
    }


def test_only_messages_that_failed_are_delivered_again():
    telemetry = RecordingTelemetry()

    def work(message: SQSRecord, record: Record) -> None:
        record.measures["bytes"] = len(message.body)
        if message.body == "bad":
            raise NotFound("no such photo")

    handler = queue_handler(work, ServingEnvironment("e", "on-demand"), telemetry)

    assert handler(batch("one", "bad", "two"), CONTEXT) == {
        "batchItemFailures": [{"itemIdentifier": "bad"}]
    }
    assert {(r.subject["message_id"], r.failed, r.code) for r in telemetry.requests} == {
        ("one", False, None),
        ("bad", True, "not_found"),
        ("two", False, None),
    }
    assert sum(record.cold_start for record in telemetry.requests) == 1


def test_a_batch_that_fails_whole_is_delivered_again_whole():
    def work(_message: SQSRecord, _record: Record) -> None:
        raise OSError

    handler = queue_handler(work, ServingEnvironment("e", "on-demand"), RecordingTelemetry())

    failures = handler(batch("one", "two"), CONTEXT)["batchItemFailures"]
    assert [failure["itemIdentifier"] for failure in failures] == ["one", "two"]
    # and the next batch starts afresh
    assert len(handler(batch("three"), CONTEXT)["batchItemFailures"]) == 1


def test_a_batch_that_cannot_be_settled_is_delivered_again_whole():
    def settle() -> None:
        raise TimeoutError

    environment = ServingEnvironment("e", "on-demand")
    handler = queue_handler(lambda *_: None, environment, RecordingTelemetry(), settle)

    with pytest.raises(TimeoutError):  # for Lambda the batch has failed
        handler(batch("one"), CONTEXT)


def test_an_invocation_gives_its_result_or_its_error():
    telemetry = RecordingTelemetry()

    def work(event: dict[str, Any], record: Record) -> dict[str, Any]:
        record.measures["photos"] = event["photos"]
        return {"photos": 1 / event["photos"]}

    handler = invoke_handler(work, ServingEnvironment("e", "on-demand"), telemetry)

    assert handler({"photos": 1}, CONTEXT) == {"photos": 1}
    with pytest.raises(ZeroDivisionError):
        handler({"photos": 0}, CONTEXT)
    assert [(r.request_id, r.failed) for r in telemetry.requests] == [("r-1", False), ("r-1", True)]
    assert len(telemetry.crashes) == 1
