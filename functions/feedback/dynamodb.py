"""The store as a DynamoDB table.

Costs, on demand in us-east-1 (0.625 $ per million writes, 0.125 $ per million reads of 4 KB): an
answer writes its item, as a rule under 1 KB, and two indexes' entries: 3 writes. A summary queries
one, whose entries of about 100 bytes cost 0.5 reads per 4 KB: 10 000 answers are 1 MB, 125 reads,
0.000016 $. Counters kept beside the answers would make that one read, but each answer a transaction
(4 writes) on an item that all of them share, and a changed answer a subtraction; they pay off only
where summaries are read far more often than answers are given.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from feedback.record import Feedback, Judgement
from serving.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by-version"
_UNAVAILABLE = "The feedback store cannot answer now."
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class DynamoStore:
    """See ``store.FeedbackStore``; DynamoDB deletes an answer ``retention`` after it was given."""

    def __init__(self, client: "DynamoDBClient", table: str, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def put(self, feedback: Feedback) -> bool:
        """Store an answer unless a later one stands; True for the first.

        One conditional write decides both. Where its confirmation was lost, the client's second
        try finds the answer already there: it is stored, but no longer called the first.
        """
        item = _item(feedback)
        expires_at = int((feedback.answered_at + self._retention).timestamp())
        with translated(_UNAVAILABLE):
            try:
                replaced = self._client.put_item(
                    TableName=self._table,
                    Item=item | {"expires_at": _serialize(expires_at)},
                    ConditionExpression="attribute_not_exists(nonce) OR answered_at <= :new",
                    ExpressionAttributeValues={":new": item["answered_at"]},
                    ReturnValues="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return "Attributes" not in replaced

    def judgements(self, model_version: str) -> Iterator[Judgement]:
        """Every answer to predictions of that model version, page by page from the index."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="model_version = :version",
            ExpressionAttributeValues={":version": {"S": model_version}},
            ProjectionExpression="correct, predicted_label, true_label, sure",
        )
        with translated(_UNAVAILABLE):
            for page in pages:
                for item in page["Items"]:
                    yield Judgement(
                        correct=item["correct"]["BOOL"],
                        predicted_label=item["predicted_label"]["S"],
                        true_label=item["true_label"]["S"] if "true_label" in item else None,
                        sure=item["sure"]["BOOL"] if "sure" in item else None,
                    )

    def answers(self) -> Iterator[Feedback]:
        """Everything stored, page by page; the one reader that scans the table."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        with translated(_UNAVAILABLE):
            for page in pages:
                yield from map(_feedback, page["Items"])


def _item(feedback: Feedback) -> dict[str, Any]:
    values = asdict(feedback) | {
        # of one width, so that text order is time order
        "answered_at": feedback.answered_at.isoformat(timespec="microseconds"),
        "score": Decimal(str(feedback.score)),
    }
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def _feedback(item: dict[str, Any]) -> Feedback:
    values = {name: _deserialize(value) for name, value in item.items() if name != "expires_at"}
    optional = {"predicted_wnid": None, "true_label": None, "true_wnid": None, "comment": None}
    return Feedback(
        **optional
        | values
        | {
            "answered_at": datetime.fromisoformat(values["answered_at"]),
            "score": float(values["score"]),
        }
    )
