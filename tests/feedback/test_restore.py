"""Answers of a restored table, back in the one in use."""

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from feedback.archive.restore import main
from feedback.dynamodb import DynamoStore
from tests.feedback.conftest import RETENTION, create_table, feedback


@pytest.fixture
def tables(moto_client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return create_table(moto_client), create_table(moto_client)


def command(tables: tuple[str, str]) -> list[str]:
    return ["--from", tables[0], "--to", tables[1], "--retention-days", str(RETENTION.days)]


def test_brings_back_what_is_missing_and_keeps_what_is_newer(
    moto_client: DynamoDBClient, tables: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    restored, in_use = (DynamoStore(moto_client, table, RETENTION) for table in tables)
    restored.put(feedback("lost"))
    restored.put(feedback("answered again", comment="before"))
    in_use.put(feedback("answered again", seconds=9, comment="after"))

    assert main(command(tables)) == 0

    comments = {answer.nonce: answer.comment for answer in in_use.answers()}
    assert comments == {"lost": feedback().comment, "answered again": "after"}
    assert "2 answers read, 1 of them new" in capsys.readouterr().err


def test_brings_back_answers_of_earlier_versions(
    moto_client: DynamoDBClient, tables: tuple[str, str]
):
    DynamoStore(moto_client, tables[0], RETENTION).put(feedback(sure=None))
    (item,) = moto_client.scan(TableName=tables[0])["Items"]

    assert main(command(tables)) == 0

    assert "sure" not in item
    assert moto_client.scan(TableName=tables[1])["Items"] == [item]


def test_a_second_time_changes_nothing(moto_client: DynamoDBClient, tables: tuple[str, str]):
    DynamoStore(moto_client, tables[0], RETENTION).put(feedback("lost"))
    first = main(command(tables))
    items = moto_client.scan(TableName=tables[1])["Items"]

    assert main(command(tables)) == first == 0
    assert moto_client.scan(TableName=tables[1])["Items"] == items


def test_says_which_table_is_missing(tables: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    assert main(command(("nowhere", tables[1]))) == 1

    assert "error:" in capsys.readouterr().err


def test_no_retention_is_assumed(tables: tuple[str, str]):
    with pytest.raises(SystemExit) as ended:
        main(["--from", tables[0], "--to", tables[1]])

    assert ended.value.code == 2
