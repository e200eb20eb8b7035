"""The topic is told of a prediction's end, and not of its answer."""

import boto3
import pytest
from botocore.stub import Stubber

from prediction_store.record import Status
from prediction_store.sns import topic_notifier
from serving.aws import StoreUnavailable
from tests.prediction_fakes import ACCOUNT, an_id

TOPIC = "arn:aws:sns:eu-central-1:123456789012:predictions"


def entry(number: int) -> dict[str, str]:
    text = f'{{"id": "{an_id(number)}", "status": "failed"}}'
    return {"Id": an_id(number), "Message": text}


def test_tells_the_id_and_the_status_of_up_to_ten_at_once():
    client = boto3.client("sns", **ACCOUNT)
    with Stubber(client) as stub:
        for numbers in (range(10), range(10, 12)):
            entries = [entry(number) for number in numbers]
            expected = {"TopicArn": TOPIC, "PublishBatchRequestEntries": entries}
            stub.add_response("publish_batch", {"Successful": [], "Failed": []}, expected)
        topic_notifier(client, TOPIC)({an_id(number): Status.FAILED for number in range(12)})
        stub.assert_no_pending_responses()


def test_a_throttled_topic_is_unavailable():
    client = boto3.client("sns", **ACCOUNT)
    failed = [{"Id": an_id(), "Code": "Throttled", "SenderFault": False}]
    with Stubber(client) as stub:
        stub.add_client_error("publish_batch", "ThrottlingException", http_status_code=400)
        stub.add_response("publish_batch", {"Successful": [], "Failed": failed})
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                topic_notifier(client, TOPIC)({an_id(): Status.SUCCEEDED})
