"""The check's own answer, against feedback as it is and against one that is broken."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from deployment_check.answers import NONCE, try_answers
from deployment_check.aws import TableItem
from deployment_check.request import Event, NoAnswer
from feedback.dynamodb import DynamoStore
from feedback.memory import MemoryStore
from feedback.routes import create_router
from feedback.store import FeedbackStore
from serving.lambda_http import http_handler
from serving.receipts import ReceiptBook
from serving.settings import ServingSettings
from tests.classifier_fakes import RecordingTelemetry
from tests.feedback.conftest import RECEIPT_KEY, RETENTION, client_of, create_table

LATER_KEY = "l" * 32


class Table:
    """Feedback's table in moto, the check's item in it, and feedback's handler around it."""

    def __init__(self) -> None:
        self.client = client_of()
        self.name = create_table(self.client)
        self.store = DynamoStore(self.client, self.name, RETENTION)
        self.item = TableItem(self.client, self.name, NONCE)

    def count(self) -> int:
        return self.client.scan(TableName=self.name)["Count"]


def feedback_with(store: FeedbackStore) -> Callable[[Event], dict[str, Any]]:
    """The Lambda handler, called with the event as it is."""
    receipts = ReceiptBook(LATER_KEY, previous_key=RECEIPT_KEY)
    router = create_router(store, receipts, {}, now=lambda: datetime.now(UTC))
    telemetry = RecordingTelemetry()
    handler = http_handler("Test", "/v1/feedback", router, ServingSettings(), telemetry)
    return lambda event: handler(event, None)


@pytest.fixture
def table() -> Iterator[Table]:
    with mock_aws():
        yield Table()


@pytest.fixture(autouse=True)
def _loop() -> Iterator[None]:
    """One for Mangum, which would make its own and leave it open for another test to meet."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def wrong(invoke: Callable[[Event], dict[str, Any]], table: Table) -> list[str]:
    comparisons = try_answers(invoke, ReceiptBook(LATER_KEY), table.item)
    return [comparison.name for comparison in comparisons if comparison.disagreement]


def test_feedback_as_it_is_passes_and_nothing_is_left(table: Table):
    invoke = feedback_with(table.store)

    assert wrong(invoke, table) == []
    assert wrong(invoke, table) == []  # and again
    assert table.count() == 0


def test_what_an_interrupted_check_left_does_no_harm(table: Table):
    invoke = feedback_with(table.store)
    checks = try_answers(invoke, ReceiptBook(LATER_KEY), table.item)
    next(checks)
    assert table.count() == 1

    assert wrong(invoke, table) == []


def test_a_version_that_stores_elsewhere_is_found(table: Table):
    assert wrong(feedback_with(MemoryStore()), table) == ["the stored answer"]


def test_a_version_that_does_not_know_the_key_is_found(table: Table):
    comparisons = try_answers(feedback_with(table.store), ReceiptBook("x" * 32), table.item)

    assert [comparison.name for comparison in comparisons if comparison.disagreement] == [
        "an answer",
        "the stored answer",
    ]


def test_a_version_that_takes_any_receipt_is_found(table: Table):
    real = feedback_with(table.store)
    good: list[Event] = []

    def invoke(event: Event) -> dict[str, Any]:
        good.append(event)
        return real(good[0])

    assert wrong(invoke, table) == ["a forged receipt"]


def test_a_version_that_fails_is_found(table: Table):
    def invoke(event: Event) -> dict[str, Any]:
        assert base64.b64decode(event["body"])
        raise NoAnswer("the function failed")

    assert wrong(invoke, table) == ["an answer", "the stored answer", "a forged receipt"]
