"""The DynamoDB adapter: what goes over the wire, what it asks for, and how it fails."""

from collections.abc import Callable
from datetime import timedelta

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from mypy_boto3_dynamodb import DynamoDBClient

from feedback.dynamodb import DynamoStore
from infra.local.sam.intrinsics import load_yaml
from serving.aws import CLIENT_CONFIG, RETRY_AFTER_S, StoreUnavailable
from tests.feedback.conftest import (
    NOON,
    RETENTION,
    TEMPLATE,
    client_of,
    create_table,
    feedback,
)

URL = "http://127.0.0.1:9"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """botocore's pauses between tries, not waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    return pauses


def test_scores_are_decimals_and_absent_parts_are_absent(moto_client: DynamoDBClient):
    table = create_table(moto_client)
    DynamoStore(moto_client, table, RETENTION).put(feedback(comment=None, score=0.1))

    item = moto_client.get_item(TableName=table, Key={"nonce": {"S": "nonce"}})["Item"]

    assert item["score"] == {"N": "0.1"}
    assert item["answered_at"] == {"S": "2026-11-21T12:00:00.000000+00:00"}
    assert item["correct"] == {"BOOL": False}
    assert "comment" not in item


def test_an_answer_expires_after_its_retention(moto_client: DynamoDBClient):
    table = create_table(moto_client)
    DynamoStore(moto_client, table, timedelta(days=3)).put(feedback())

    item = moto_client.get_item(TableName=table, Key={"nonce": {"S": "nonce"}})["Item"]
    table_properties = load_yaml(TEMPLATE)["Resources"]["FeedbackTable"]["Properties"]
    expiry = table_properties["TimeToLiveSpecification"]

    assert expiry["Enabled"] is True
    assert int(item[expiry["AttributeName"]]["N"]) == int(NOON.timestamp()) + 3 * 24 * 3600


def test_the_templates_table_keeps_what_is_in_it(moto_client: DynamoDBClient):
    table = create_table(moto_client)

    described = moto_client.describe_table(TableName=table)["Table"]

    assert described["DeletionProtectionEnabled"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("put_item", lambda store: store.put(feedback())),
        ("query", lambda store: list(store.judgements("v"))),
        ("scan", lambda store: list(store.answers())),
    ],
)
def test_what_may_pass_is_unavailable(
    operation: str, use: Callable[[DynamoStore], object], status: int, code: str
):
    client = client_of()
    with Stubber(client) as stub:
        stub.add_client_error(operation, code, http_status_code=status)
        with pytest.raises(StoreUnavailable) as raised:
            use(DynamoStore(client, "feedback", RETENTION))

    assert raised.value.retry_after_s == RETRY_AFTER_S
    assert code not in str(raised.value)


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"]
)
def test_a_defect_is_not_called_unavailable(code: str):
    client = client_of()
    with Stubber(client) as stub:
        stub.add_client_error("put_item", code, http_status_code=400)
        with pytest.raises(ClientError):
            DynamoStore(client, "feedback", RETENTION).put(feedback())


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
    ],
)
def test_a_network_that_fails_is_tried_three_times_and_then_unavailable(
    no_waiting: list[float], error: Exception
):
    client = client_of()
    tries: list[object] = []

    def fail(request: object, **_: object) -> None:
        tries.append(request)
        raise error

    client.meta.events.register("before-send.dynamodb", fail)

    with pytest.raises(StoreUnavailable):
        DynamoStore(client, "feedback", RETENTION).put(feedback())
    assert len(tries) == 3
    assert len(no_waiting) == 2


def test_a_write_that_failed_is_tried_again_and_stored(
    moto_client: DynamoDBClient, no_waiting: list[float]
):
    table = create_table(moto_client)
    failures = iter([ConnectTimeoutError(endpoint_url=URL), ReadTimeoutError(endpoint_url=URL)])

    def fail_twice(**_: object) -> None:
        for failure in failures:
            raise failure

    moto_client.meta.events.register_first("before-send.dynamodb.PutItem", fail_twice)

    assert DynamoStore(moto_client, table, RETENTION).put(feedback())
    assert len(no_waiting) == 2
    assert moto_client.scan(TableName=table)["Count"] == 1


def test_a_write_whose_confirmation_was_lost_is_stored_once(
    moto_client: DynamoDBClient, no_waiting: list[float]
):
    table = create_table(moto_client)
    # botocore takes this answer, and moto does the write all the same
    answers = iter([_throttle()])
    moto_client.meta.events.register_first(
        "before-send.dynamodb.PutItem", lambda **_: next(answers, None)
    )

    DynamoStore(moto_client, table, RETENTION).put(feedback())

    assert len(no_waiting) == 1
    assert moto_client.scan(TableName=table)["Count"] == 1


def test_missing_credentials_are_a_defect(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    client = boto3.session.Session().client("dynamodb", "us-east-1", config=CLIENT_CONFIG)

    with pytest.raises(NoCredentialsError):
        DynamoStore(client, "feedback", RETENTION).put(feedback())


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]


def _throttle() -> AWSResponse:
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}'
    return AWSResponse(URL, 400, {"content-type": "application/x-amz-json-1.0"}, _Raw(body))
