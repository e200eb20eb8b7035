"""The stack is created, changed and deleted by a CloudFormation that executes its template."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from infra.deploy.__main__ import main
from infra.deploy.stack import read_page_stack
from infra.local.aws.stand_in import client_variables
from tests.conftest import ROOT
from tests.deploy.cloudformation import EmulatedStack, everything
from tests.feedback.conftest import running_stand_in

SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in")) as url:
        yield url


@pytest.fixture
def stack(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedStack]:
    """None of that name yet; ``infra.deploy`` finds it, and what it made is gone afterwards."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in client_variables(url).items():
        monkeypatch.setenv(name, value)
    # Unlike AWS, ministack gives a resource the same name again in a stack of the same name.
    stack = EmulatedStack(f"classifier-{uuid4().hex[:8]}", url)
    yield stack
    stack.delete()


def overrides_of(env: str) -> dict[str, str]:
    pairs = SAMCONFIG[env]["global"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_is_created_with_the_parameters_of_each_environment(stack: EmulatedStack, env: str):
    outputs = stack.deploy("create", **overrides_of(env))

    page = read_page_stack(boto3.client("cloudformation"), stack.name)
    assert page.url == outputs["PageUrl"]
    assert page.bucket == outputs["PageBucketName"]
    assert page.distribution_id == outputs["PageDistributionId"]


def test_the_outputs_name_what_is_there(stack: EmulatedStack):
    outputs = stack.deploy("create")

    assert boto3.client("dynamodb").describe_table(TableName=outputs["FeedbackTableName"])
    assert boto3.client("secretsmanager").describe_secret(SecretId=outputs["ReceiptKeyArn"])
    assert boto3.client("lambda").get_function(FunctionName=outputs["ClassifierName"])
    assert boto3.client("s3").head_bucket(Bucket=outputs["PageBucketName"])
    assert boto3.client("cloudfront").get_distribution(Id=outputs["PageDistributionId"])
    groups = boto3.client("logs").describe_log_groups(
        logGroupNamePrefix=outputs["ClassifierLogGroup"]
    )["logGroups"]
    assert outputs["ClassifierLogGroup"] in [group["logGroupName"] for group in groups]
    for check in ("ClassifierCheckName", "FeedbackCheckName"):
        assert boto3.client("lambda").get_function(FunctionName=outputs[check])


@pytest.mark.parametrize("rotation", ["", "2026-11-21"])
def test_both_functions_get_one_key_and_feedback_the_one_before(
    stack: EmulatedStack, rotation: str
):
    outputs = stack.deploy("create", ReceiptKeyRotation=rotation)

    secrets = boto3.client("secretsmanager")
    key = secrets.get_secret_value(SecretId=outputs["ReceiptKeyArn"])
    previous = secrets.get_secret_value(SecretId=outputs["PreviousReceiptKeyArn"])
    classifier = stack.function("ClassifierFunction", "live")["Environment"]["Variables"]
    feedback = stack.function("FeedbackFunction", "live")["Environment"]["Variables"]
    assert classifier["RECEIPT_KEY"] == feedback["RECEIPT_KEY"] == key["SecretString"]
    assert feedback["TABLE_NAME"] == outputs["FeedbackTableName"]
    assert feedback["PREVIOUS_RECEIPT_KEY"] == previous["SecretString"] != key["SecretString"]


def test_only_another_release_reaches_what_has_traffic(stack: EmulatedStack):
    stack.deploy("create", Release="a" * 64)

    stack.deploy("update", Release="a" * 64, ClassifierMemory="3008")
    assert stack.function("ClassifierFunction", "live")["MemorySize"] == 1769
    stack.deploy("update", Release="b" * 64, ClassifierMemory="3008")
    assert stack.function("ClassifierFunction", "live")["MemorySize"] == 3008


def test_changed_parameters_change_the_functions_and_nothing_is_replaced(stack: EmulatedStack):
    stack.deploy("create")
    before = stack.resources()

    stack.deploy("update", ClassifierMemory="3008", LogLevel="DEBUG", FeedbackRetentionDays="30")

    classifier, feedback = stack.function("ClassifierFunction"), stack.function("FeedbackFunction")
    assert classifier["MemorySize"] == 3008
    assert classifier["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    assert feedback["Environment"]["Variables"]["RETENTION_DAYS"] == "30"
    for name in ("ClassifierFunction", "FeedbackFunction", "FeedbackTable", "ReceiptKey", "Page"):
        assert stack.resources()[name] == before[name]


def test_the_front_doors_come_and_go_with_their_parameter(stack: EmulatedStack):
    doors = {"PhotoDoorsFunction", "TabularDoorsFunction"}
    stack.deploy("create")
    closed = stack.resources()

    stack.deploy("update", FrontDoors="on")
    opened = stack.resources()
    stack.deploy("update", FrontDoors="off")

    assert not doors & closed.keys()
    assert doors <= opened.keys()
    assert closed.items() <= opened.items()
    assert not doors & stack.resources().keys()


def test_deletion_leaves_what_people_said_and_what_was_classified(stack: EmulatedStack):
    before = everything()
    # The stand-in's own functions may be called for the first time, and then log, at any moment.
    before |= {f"/aws/lambda/{name}" for name in before}
    outputs = stack.deploy("create")
    created = everything() - before

    stack.delete()

    assert len(created) > 15
    kept = {outputs["FeedbackTableName"], outputs["CollectionOutputBucket"]}
    assert everything() & created == kept


def test_the_page_is_published_twice_emptied_and_deleted_with_its_bucket(
    stack: EmulatedStack, web: Path
):
    outputs = stack.deploy("create")
    name, uploads = outputs["PageBucketName"], outputs["UploadsBucketName"]
    boto3.client("s3").put_object(Bucket=uploads, Key="uploads/waiting", Body=b"photo")
    bucket = boto3.resource("s3").Bucket(name)
    which = ("--stack", stack.name)

    assert main(["page", *which, "--web", str(web)]) == 0
    (web / "index.html").write_text("<!doctype html>", "utf-8")
    assert main(["page", *which, "--web", str(web)]) == 0
    versions = [version.key for version in bucket.object_versions.all()]
    assert versions.count("index.html") == 2
    assert bucket.Object("index.html").get()["Body"].read() == b"<!doctype html>"

    assert main(["empty", *which]) == 0
    assert list(bucket.object_versions.all()) == []
    stack.delete()
    assert not {name, uploads} & {left.name for left in boto3.resource("s3").buckets.all()}
