"""What of a template is deployed to the stand-in, and that it stays."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.aws.errors import StandInFailed
from infra.local.aws.stand_in import client_variables, local_aws
from infra.local.machine.guardian import Guardian
from infra.local.sam.intrinsics import TemplateError
from infra.local.sam.stateful import read_stateful

TEMPLATE = """
Parameters:
  Most: {Type: Number, Default: 3}
Resources:
  WorkerFunction:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: !Ref Most}}
        Rest: {Type: HttpApi, Properties: {Path: /work, Method: GET}}
  Jobs: {Type: "AWS::SQS::Queue", Properties: {VisibilityTimeout: 5}}
  Waiting: {Type: "AWS::SQS::Queue"}
  PhotoBucket: {Type: "AWS::S3::Bucket"}
  Alarm: {Type: "AWS::CloudWatch::Alarm", Properties: {Namespace: none}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.json
      DefinitionSubstitutions: {Worker: !Ref WorkerFunction.Alias}
"""
MACHINE = {"StartAt": "Wait", "States": {"Wait": {"Type": "Succeed"}}}
ARN = "arn:aws:lambda:us-east-1:123456789012:function:WorkerFunction"


def read(folder: Path, text: str = TEMPLATE, **parameters: str) -> dict[str, Any]:
    (folder / "template.yaml").write_text(text)
    (folder / "machine.json").write_text(json.dumps(MACHINE))
    return read_stateful(folder / "template.yaml", parameters, "http://127.0.0.1:9")["Resources"]


def within(folder: Path, template: dict[str, Any], act: Callable[[Any], Awaitable[None]]) -> None:
    """``act`` on a maker of clients of a stand-in that has the template."""

    async def run() -> None:
        with Guardian() as guardian:
            async with local_aws(folder / "aws", {"Resources": template}, guardian) as url:
                variables = client_variables(url)
                session = boto3.Session(
                    variables["AWS_ACCESS_KEY_ID"],
                    variables["AWS_SECRET_ACCESS_KEY"],
                    region_name=variables["AWS_REGION"],
                )
                await act(lambda service: session.client(service, endpoint_url=url))

    asyncio.run(run())


def test_what_keeps_state_and_what_is_called_are_there_and_nothing_else(tmp_path: Path):
    resources = read(tmp_path)

    kinds = {name: resource["Type"] for name, resource in resources.items()}
    assert kinds == {
        "WorkerFunction": "AWS::Lambda::Function",
        "WorkerFunctionJobs": "AWS::Lambda::EventSourceMapping",
        "Jobs": "AWS::SQS::Queue",
        "Waiting": "AWS::SQS::Queue",
        "PhotoBucket": "AWS::S3::Bucket",
        "Machine": "AWS::StepFunctions::StateMachine",
    }
    assert resources["PhotoBucket"]["Properties"] == {"BucketName": "photobucket"}


@pytest.mark.parametrize(("parameters", "size"), [({}, 3), ({"Most": "7"}, 7)])
def test_a_number_stays_a_number(tmp_path: Path, parameters: dict[str, str], size: int):
    mapping = read(tmp_path, **parameters)["WorkerFunctionJobs"]["Properties"]

    assert mapping["BatchSize"] == size
    assert mapping["FunctionName"] == ARN


def test_an_alias_is_the_function(tmp_path: Path):
    machine = read(tmp_path)["Machine"]["Properties"]

    assert machine["DefinitionSubstitutions"] == {"Worker": ARN}
    assert json.loads(machine["DefinitionString"]) == MACHINE


def test_a_definition_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(TemplateError, match=r"other\.json"):
        read(tmp_path, TEMPLATE.replace("machine.json", "other.json"))


def test_what_waits_in_queue_and_bucket_survives_a_restart_and_a_change(tmp_path: Path):
    async def fill(client: Any) -> None:
        url = client("sqs").get_queue_url(QueueName="Waiting")["QueueUrl"]
        client("sqs").send_message(QueueUrl=url, MessageBody="later")
        client("s3").put_object(Bucket="photobucket", Key="a", Body=b"photo")

    async def look(client: Any) -> None:
        url = client("sqs").get_queue_url(QueueName="Waiting")["QueueUrl"]
        (message,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
        stored = client("s3").get_object(Bucket="photobucket", Key="a")["Body"].read()
        jobs = client("sqs").get_queue_url(QueueName="Jobs")["QueueUrl"]
        attributes = client("sqs").get_queue_attributes(
            QueueUrl=jobs, AttributeNames=["VisibilityTimeout"]
        )["Attributes"]
        assert (message["Body"], stored) == ("later", b"photo")
        assert attributes["VisibilityTimeout"] == "6"

    within(tmp_path, read(tmp_path), fill)
    changed = TEMPLATE.replace("VisibilityTimeout: 5", "VisibilityTimeout: 6")
    within(tmp_path, read(tmp_path, changed), look)


BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::ImportValue": "none"}}}


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"Type": "AWS::Nothing::Here"}, "refused: .*AWS::Nothing::Here"),
        (BROKEN, "ROLLBACK_COMPLETE: Broken: Export 'none' not found"),
    ],
)
def test_what_the_engine_does_not_take_is_one_message(
    tmp_path: Path, resource: dict[str, Any], reason: str
):
    async def act(_client: Any) -> None:
        raise AssertionError("it was taken")

    with pytest.raises(StandInFailed, match=reason):
        within(tmp_path, {"Broken": resource}, act)


@pytest.mark.parametrize("before", [[], [{}]], ids=["at first", "as a change"])
def test_a_template_that_was_mended_is_taken(tmp_path: Path, before: list[dict[str, Any]]):
    good = {"Good": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "good"}}}

    async def look(client: Any) -> None:
        assert client("sqs").get_queue_url(QueueName="good")

    for more in before:
        within(tmp_path, good | more, look)
    with pytest.raises(StandInFailed):
        within(tmp_path, good | {"Broken": BROKEN}, look)

    within(tmp_path, good, look)
