"""Messages of the queue, as S3 and SQS make them."""

import json

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tests.prediction_fakes import BUCKET


def s3_event(*keys: str, bucket: str = BUCKET, name: str = "ObjectCreated:Post") -> str:
    """The Amazon S3 user guide, "Event message structure", with what is read and a little more."""
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": name,
            "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


def message(body: str, receives: int = 1) -> SQSRecord:
    attributes = {"ApproximateReceiveCount": str(receives)}
    return SQSRecord({"messageId": "m-1", "body": body, "attributes": attributes})
