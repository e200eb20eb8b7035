"""The topic is told of a prediction's end, and not of its answer."""

import boto3
import pytest
from botocore.stub import Stubber

from prediction_store.record import Status
from prediction_store.sns import topic_notifier
from serving.aws import StoreUnavailable
from tests.prediction_fakes import ACCOUNT, an_id

TOPIC = "arn:aws:sns:eu-central-1:123456789012:predictions"


def test_tells_the_id_and_the_status():
    client = boto3.client("sns", **ACCOUNT)
    text = f'{{"id": "{an_id()}", "status": "failed"}}'
    with Stubber(client) as stub:
        stub.add_response("publish", {}, {"TopicArn": TOPIC, "Message": text})
        topic_notifier(client, TOPIC)(an_id(), Status.FAILED)
        stub.assert_no_pending_responses()


def test_a_throttled_topic_is_unavailable():
    client = boto3.client("sns", **ACCOUNT)
    with Stubber(client) as stub:
        stub.add_client_error("publish", "ThrottlingException", http_status_code=400)
        with pytest.raises(StoreUnavailable):
            topic_notifier(client, TOPIC)(an_id(), Status.SUCCEEDED)
