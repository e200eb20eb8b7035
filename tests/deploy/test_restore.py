"""``make feedback-restore``: restored answers live as long as the stack keeps its own."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient

from feedback.dynamodb import DynamoStore
from infra.deploy.__main__ import main
from tests.deploy.aws import REGION, STACK, WHICH
from tests.feedback.conftest import NOON, RETENTION, client_of, create_table, feedback

DAY_S = 24 * 60 * 60


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield client_of()


def create_stack(**outputs: str) -> None:
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    boto3.client("cloudformation", region_name=REGION).create_stack(
        StackName=STACK, TemplateBody=json.dumps(template)
    )


def test_answers_live_as_long_as_the_stack_says(
    client: DynamoDBClient, capsys: pytest.CaptureFixture[str]
):
    restored, in_use = create_table(client), create_table(client)
    DynamoStore(client, restored, RETENTION).put(feedback("lost"))
    create_stack(FeedbackTableName=in_use, FeedbackRetentionDays="30")

    assert main(["restore", *WHICH, "--from", restored]) == 0

    (item,) = client.scan(TableName=in_use)["Items"]
    assert item["nonce"]["S"] == "lost"
    assert int(item["expires_at"]["N"]) - NOON.timestamp() == 30 * DAY_S
    assert "1 answers read, 1 of them new" in capsys.readouterr().out


def test_a_stack_that_does_not_say_how_long_gets_nothing(
    client: DynamoDBClient, capsys: pytest.CaptureFixture[str]
):
    restored, in_use = create_table(client), create_table(client)
    DynamoStore(client, restored, RETENTION).put(feedback("lost"))
    create_stack(FeedbackTableName=in_use)

    assert main(["restore", *WHICH, "--from", restored]) == 1

    assert client.scan(TableName=in_use)["Items"] == []
    assert "no output FeedbackRetentionDays" in capsys.readouterr().err


def test_a_missing_table_is_named(client: DynamoDBClient, capsys: pytest.CaptureFixture[str]):
    create_stack(FeedbackTableName=create_table(client), FeedbackRetentionDays="30")

    assert main(["restore", *WHICH, "--from", "nowhere"]) == 1

    assert capsys.readouterr().err.splitlines()[-1].startswith("error: AWS refused Scan")
