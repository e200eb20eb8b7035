"""Table and bucket of predictions on moto; the clock stands at noon until a test moves it."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.sam.intrinsics import load_yaml
from prediction_store import s3
from prediction_store.dynamodb import PredictionTable
from prediction_store.record import Status, StoredPrediction
from serving.aws import CLIENT_CONFIG
from tests.conftest import ROOT

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RETENTION = timedelta(days=7)
TABLE, BUCKET = "predictions", "uploads"
PROPERTIES = load_yaml(ROOT / "template.yaml")["Resources"]["PredictionsTable"]["Properties"]
ACCOUNT = {
    "region_name": "eu-central-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}


def an_id(number: int = 1) -> str:
    return f"{number:032x}"


def queued(**changes: Any) -> StoredPrediction:
    return StoredPrediction(
        **({"id": an_id(), "status": Status.QUEUED, "created_at": NOON} | changes)
    )


@dataclass
class Clock:
    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@dataclass
class Account:
    """Clients of the table and the bucket, and what they hold."""

    dynamodb: Any
    s3: Any

    @property
    def table(self) -> PredictionTable:
        return PredictionTable(self.dynamodb, TABLE, RETENTION)

    @property
    def photos(self) -> s3.PhotoBucket:
        return s3.PhotoBucket(self.s3, BUCKET)

    def items(self) -> list[dict[str, Any]]:
        return self.dynamodb.scan(TableName=TABLE)["Items"]

    def keys(self) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@functools.cache
def clients() -> Account:
    return Account(
        boto3.client("dynamodb", config=CLIENT_CONFIG, **ACCOUNT),
        boto3.client("s3", config=s3.CLIENT_CONFIG, **ACCOUNT),
    )


def create_table(account: Account) -> None:
    """The template's table."""
    properties = dict(PROPERTIES)
    expiry = properties.pop("TimeToLiveSpecification")
    account.dynamodb.create_table(TableName=TABLE, **properties)
    account.dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=expiry)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        account = clients()
        create_table(account)
        account.s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": ACCOUNT["region_name"]},
        )
        yield account


@pytest.fixture
def clock() -> Clock:
    return Clock()
