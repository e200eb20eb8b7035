"""Whoever runs the service is told of finished predictions: an SNS topic."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from prediction_store.record import Status
from serving.aws import RETRY_AFTER_S, StoreUnavailable, translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

Notify = Callable[[Mapping[str, Status]], None]
"""Tells of predictions by their ids and how they ended."""

_MOST_AT_ONCE = 10  # messages of a PublishBatch

_UNAVAILABLE = "The topic cannot be reached now."


def topic_notifier(client: "SNSClient", topic_arn: str) -> Notify:
    """Publishes ``{"id", "status"}`` for each; answers are not told, only where to ask for them."""

    def notify(ends: Mapping[str, Status]) -> None:
        entries: list[PublishBatchRequestEntryTypeDef] = [
            {"Id": prediction_id, "Message": json.dumps({"id": prediction_id, "status": status})}
            for prediction_id, status in ends.items()
        ]
        for start in range(0, len(entries), _MOST_AT_ONCE):
            batch = entries[start : start + _MOST_AT_ONCE]
            with translated(_UNAVAILABLE):
                answer = client.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=batch)
            if answer["Failed"]:
                raise StoreUnavailable(_UNAVAILABLE, RETRY_AFTER_S)

    return notify
