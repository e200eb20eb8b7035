"""What the deployment's own checks say, asked by hand."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infra.deploy.checks import ask_checks
from tests.deploy.aws import REGION


def checked(answer: dict[str, Any], **more: str) -> tuple[bool, str]:
    client = boto3.client(
        "lambda", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    payload = json.dumps(answer).encode()
    response = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(payload), len(payload))}
    with Stubber(client) as stub:
        # no ids of a deployment, so nothing is reported to CodeDeploy
        stub.add_response("invoke", response | more, {"FunctionName": "f", "Payload": b"{}"})
        (check,) = ask_checks(client, {"golden photos": "f"})
    assert check.name == "golden photos"
    return check.passed, check.detail


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        ({"status": "Succeeded", "disagreements": []}, {}, (True, "it agrees")),
        ({"status": "Failed", "disagreements": ["a", "b"]}, {}, (False, "a; b")),
        ({"errorMessage": "no memory"}, {"FunctionError": "Unhandled"}, (False, "no memory")),
    ],
)
def test_what_a_check_finds_is_shown(
    answer: dict[str, Any], more: dict[str, str], expected: tuple[bool, str]
):
    assert checked(answer, **more) == expected
