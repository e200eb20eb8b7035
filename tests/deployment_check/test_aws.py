"""The version under test, and CodeDeploy, as AWS's own clients see them."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from urllib3.exceptions import ProtocolError

from deployment_check.aws import invoke_version, report, target_version
from deployment_check.request import NoAnswer
from tests.deployment_check.conftest import Lines

VERSION = "arn:aws:lambda:us-east-1:123456789012:function:classifier:7"


def response(payload: bytes, **more: Any) -> dict[str, Any]:
    body = StreamingBody(io.BytesIO(payload), len(payload))
    return {"StatusCode": 200, "Payload": body} | more


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client = boto3.client(
        "lambda", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def invoke(stub: Stubber, pauses: list[float] | None = None) -> dict[str, Any]:
    return invoke_version(stub.client, VERSION, (pauses or []).append)({"rawPath": "/"})


def test_asks_the_version_and_gives_its_answer(stub: Stubber):
    expected = {"FunctionName": VERSION, "Payload": json.dumps({"rawPath": "/"}).encode()}
    stub.add_response("invoke", response(b'{"statusCode": 200}'), expected)

    assert invoke(stub) == {"statusCode": 200}


def test_a_function_error_is_no_answer(stub: Stubber):
    stub.add_response("invoke", response(b'{"errorType": "Exit"}', FunctionError="Unhandled"))

    with pytest.raises(NoAnswer, match="Exit"):
        invoke(stub)


class CutOff(io.RawIOBase):
    def read(self, _size: int | None = -1) -> bytes:
        raise ProtocolError


def test_an_answer_that_is_cut_off_is_no_answer(stub: Stubber):
    stub.add_response("invoke", {"StatusCode": 200, "Payload": StreamingBody(CutOff(), 1)})

    with pytest.raises(NoAnswer):
        invoke(stub)


def test_waits_for_a_version_that_is_still_being_made(stub: Stubber):
    for _ in range(2):
        stub.add_client_error("invoke", "ResourceConflictException", "Pending")
    stub.add_response("invoke", response(b"{}"))
    pauses: list[float] = []

    assert invoke_version(stub.client, VERSION, pauses.append)({}) == {}
    assert pauses == [5, 5]


def test_does_not_wait_for_ever(stub: Stubber):
    for _ in range(6):
        stub.add_client_error("invoke", "ResourceConflictException", "Pending")

    with pytest.raises(NoAnswer, match="Pending"):
        invoke(stub)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException"])
def test_any_other_refusal_is_no_answer(stub: Stubber, code: str):
    stub.add_client_error("invoke", code, "no")

    with pytest.raises(NoAnswer, match=code):
        invoke(stub)


@pytest.fixture
def codedeploy() -> Iterator[Stubber]:
    client = boto3.client(
        "codedeploy", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_reports_under_the_ids_of_the_event(codedeploy: Stubber):
    ids = {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "hook-1"}
    codedeploy.add_response(
        "put_lifecycle_event_hook_execution_status",
        {"lifecycleEventHookExecutionId": "hook-1"},
        ids | {"status": "Failed"},
    )

    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
    report(codedeploy.client, event, "Failed")


def appspec(version: str) -> str:
    """What CloudFormation hands to CodeDeploy."""
    properties = {"Name": "f", "Alias": "live", "CurrentVersion": "6", "TargetVersion": version}
    resource = {"f": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    return json.dumps({"version": 0.0, "Resources": [resource]})


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (appspec("7"), "7"),
        ("version: 0.0", None),
        (json.dumps({"Resources": []}), None),
        (None, None),
    ],
)
@pytest.mark.parametrize(
    ("kind", "key"), [("String", "string"), ("AppSpecContent", "appSpecContent")]
)
def test_the_deployment_says_which_version_it_is_about(
    codedeploy: Stubber, kind: str, key: str, content: str | None, version: str | None
):
    named = {"revisionType": kind, key: {"sha256": "ab"}}
    revision = {
        "revisionType": kind,
        key: {"sha256": "ab"} | ({"content": content} if content else {}),
    }
    info = {"applicationName": "app", "revision": named}
    codedeploy.add_response("get_deployment", {"deploymentInfo": info}, {"deploymentId": "d-1"})
    codedeploy.add_response(
        "get_application_revision",
        {"applicationName": "app", "revision": revision},
        {"applicationName": "app", "revision": named},
    )

    assert target_version(codedeploy.client, "d-1", Lines()) == version


def test_a_deployment_that_cannot_be_read_names_no_version(codedeploy: Stubber):
    codedeploy.add_client_error("get_deployment", "AccessDeniedException", "no")
    log = Lines()

    assert target_version(codedeploy.client, "d-1", log) is None
    assert log.events == ["target_version_unknown"]
