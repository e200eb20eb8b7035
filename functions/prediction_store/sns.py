"""Whoever runs the service is told of finished predictions: an SNS topic."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from prediction_store.record import Status
from serving.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

Notify = Callable[[str, Status], None]
"""Tells of a prediction by its id and how it ended."""


def topic_notifier(client: "SNSClient", topic_arn: str) -> Notify:
    """Publishes ``{"id", "status"}``; answers are not told, only where to ask for them."""

    def notify(prediction_id: str, status: Status) -> None:
        with translated("The topic cannot be reached now."):
            client.publish(
                TopicArn=topic_arn, Message=json.dumps({"id": prediction_id, "status": status})
            )

    return notify
