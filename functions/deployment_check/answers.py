"""An answer of the check's own → whether a version of feedback stores it."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Protocol

from deployment_check.request import Comparison, Event, Invoke, check, describe_problem, post
from serving.receipts import Receipt, ReceiptBook

NONCE = "deployment-check"
RECEIPT = Receipt(
    nonce=NONCE,
    input_sha256="",
    model_name=NONCE,
    model_version=NONCE,  # of no model, so that no summary counts it
    label=NONCE,
    label_id=None,
    score=1.0,
)
STORED = {"correct": {"BOOL": True}, "model_version": {"S": NONCE}}


class Item(Protocol):
    """The one item that the check may touch."""

    def read(self) -> dict[str, Any] | None:
        """Its attributes in DynamoDB's own form, as last written; None without it."""

    def delete(self) -> None:
        """Remove it, if it is there."""


def try_answers(invoke: Invoke, receipts: ReceiptBook, item: Item) -> Iterator[Comparison]:
    """Write, read and delete one answer; send one with a forged receipt."""
    item.delete()  # what an interrupted check left
    answer = _answer(receipts.issue(RECEIPT))
    yield check("an answer", "status 201", invoke, answer, _compare_created)
    yield _check_stored(item)
    item.delete()
    forged = _answer(f"{receipts.issue(RECEIPT)}x")
    yield check("a forged receipt", "receipt_forged", invoke, forged, _compare_forged)


def _answer(receipt: str) -> Event:
    body = json.dumps({"prediction_id": receipt, "correct": True}).encode()
    return post("/v1/feedback", body, "application/json")


def _compare_created(status: int, body: dict[str, Any]) -> tuple[str, str | None]:
    if status == HTTPStatus.CREATED:
        return f"status {status}", None
    return describe_problem(status, body), f"status {status} instead of {HTTPStatus.CREATED}"


def _check_stored(item: Item) -> Comparison:
    attributes = item.read()
    actual = {name: (attributes or {}).get(name) for name in STORED}
    disagreement = None if actual == STORED else "the answer is not in the table as it was given"
    return Comparison("the stored answer", str(STORED), str(actual), disagreement)


def _compare_forged(status: int, body: dict[str, Any]) -> tuple[str, str | None]:
    actual = describe_problem(status, body)
    refused = (status, body.get("code")) == (HTTPStatus.FORBIDDEN, "receipt_forged")
    return actual, None if refused else actual
