"""Predictions and idempotency keys as items of one DynamoDB table.

Every move is one conditional write, so whatever comes twice, late or out of order changes nothing
that is finished. An item as a rule has 1 KB; with 1000 classes 70 KB, and each write of it costs as
many units.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from prediction_store.record import UNFINISHED, Claim, Outcome, Status, StoredPrediction
from serving.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_UNAVAILABLE = "The predictions cannot be read or written now."
_MOVABLE = Attr("status").is_in(list(UNFINISHED))
_TIMES = ("created_at", "upload_until", "finished_at")
_NUMBERS = ("top_k", "attempts")
_FIELDS = frozenset(StoredPrediction.__dataclass_fields__)
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class PredictionTable:
    """The stores of ``predictions.store`` and ``image_classifier.queued``.

    DynamoDB deletes an item ``retention`` after it was created, or some days later.
    """

    def __init__(self, client: "DynamoDBClient", table: str, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def create(self, prediction: StoredPrediction) -> StoredPrediction:
        """Store a prediction; what stands under its id now, which may be an earlier one."""
        standing = self._put(asdict(prediction), prediction.created_at)
        return _prediction(standing) if standing else prediction

    def claim(self, claim: Claim, now: datetime) -> Claim:
        """Store what a key stands for; what it stands for now, which may be an earlier claim.

        The key is kept as a hash: a caller may have put anything in it.
        """
        digest = hashlib.sha256(claim.key.encode()).hexdigest()
        standing = self._put(asdict(claim) | {"id": f"idempotency#{digest}", "key": None}, now)
        if standing is None:
            return claim
        top_k = int(standing["top_k"]) if "top_k" in standing else None
        return Claim(claim.key, standing["image_sha256"], top_k, standing["prediction_id"])

    def get(self, prediction_id: str, now: datetime) -> StoredPrediction | None:
        """The prediction as the last write left it; None if there is none, or no longer."""
        with translated(_UNAVAILABLE):
            item = self._client.get_item(
                TableName=self._table, Key=_item({"id": prediction_id}), ConsistentRead=True
            ).get("Item")
        values = _values(item) if item else None
        if values is None or values["expires_at"] <= now.timestamp():
            return None
        return _prediction(values)

    def withdraw(self, prediction_id: str) -> None:
        """Delete a prediction that nobody has begun."""
        self._write(
            self._client.delete_item,
            Attr("status").eq(Status.QUEUED),
            Key=_item({"id": prediction_id}),
        )

    def start(self, prediction_id: str) -> StoredPrediction | None:
        """Mark a prediction as running unless it is finished, and count it; what stands now, None
        for none.

        One that runs may be started again: its environment may have ended.
        """
        running = {"status": Status.RUNNING}
        _, standing = self._update(prediction_id, running, _MOVABLE, counted="attempts")
        return _prediction(standing) if standing else None

    def release(self, prediction_id: str) -> None:
        """Mark a prediction that runs as queued again, as if it had not been started."""
        values = {"status": Status.QUEUED, "attempts": 0}
        self._update(prediction_id, values, Attr("status").eq(Status.RUNNING))

    def finish(self, prediction_id: str, outcome: Outcome, now: datetime) -> bool:
        """Store how it ended unless it is finished; whether it ended so, which may have been stored
        by a call whose answer was lost."""
        values = asdict(outcome) | {"finished_at": now}
        held, standing = self._update(prediction_id, values, _MOVABLE)
        return held or (standing is not None and standing.get("finished_at") == _text(now))

    def _put(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
        """Store an item unless one of its id stands; the values of the one that stands."""
        expires_at = int((now + self._retention).timestamp())
        free = Attr("id").not_exists() | Attr("expires_at").lte(int(now.timestamp()))
        stored, standing = self._write(
            self._client.put_item, free, Item=_item({**values, "expires_at": expires_at})
        )
        return None if stored else standing

    def _update(
        self,
        prediction_id: str,
        values: Mapping[str, Any],
        condition: ConditionBase,
        counted: str | None = None,
    ) -> tuple[bool, dict[str, Any] | None]:
        item = _item(values)
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in item)
        if counted is not None:
            item |= _item({counted: 1})
            expression += f" ADD #{counted} :{counted}"
        return self._write(
            self._client.update_item,
            condition,
            {f"#{name}": name for name in item},
            {f":{name}": value for name, value in item.items()},
            Key=_item({"id": prediction_id}),
            UpdateExpression=expression,
            ReturnValues="ALL_NEW",
        )

    def _write(
        self,
        operation: Callable[..., Any],
        condition: ConditionBase,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> tuple[bool, dict[str, Any] | None]:
        """Whether ``condition`` held, and the values that stand now as far as DynamoDB says."""
        built = ConditionExpressionBuilder().build_expression(condition)
        expected = {**_item(built.attribute_value_placeholders), **(values or {})}
        if expected:
            parameters["ExpressionAttributeValues"] = expected
        with translated(_UNAVAILABLE):
            try:
                item = operation(
                    TableName=self._table,
                    ConditionExpression=built.condition_expression,
                    ExpressionAttributeNames={**built.attribute_name_placeholders, **(names or {})},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **parameters,
                ).get("Attributes")
            except self._client.exceptions.ConditionalCheckFailedException as exc:
                item, held = exc.response.get("Item"), False
            else:
                held = True
        return held, _values(item) if item else None


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values → attributes; what is None is left out, and times are texts in the order of time."""
    texts = {
        n: _text(value) if isinstance(value, datetime) else value for n, value in values.items()
    }
    return {name: _serialize(value) for name, value in texts.items() if value is not None}


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}


def _prediction(values: Mapping[str, Any]) -> StoredPrediction:
    times = {name: datetime.fromisoformat(values[name]) for name in _TIMES if name in values}
    numbers = {name: int(values[name]) for name in _NUMBERS if name in values}
    own = {name: value for name, value in values.items() if name in _FIELDS}
    return StoredPrediction(**{**own, **times, **numbers, "status": Status(values["status"])})


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")
