"""Which stack is meant, and what is said when it cannot be asked."""

from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from mypy_boto3_cloudformation import CloudFormationClient

from infra.deploy.__main__ import main
from infra.deploy.aws import translated
from infra.deploy.errors import DeployFailed
from infra.deploy.stack import (
    PageStack,
    StackMissing,
    StackName,
    read_buckets,
    read_failed_update,
    read_page_stack,
    read_samconfig,
)
from tests.conftest import ROOT
from tests.deploy.aws import BUCKET, REGION, STACK
from tests.deploy.conftest import URL

OUTPUTS = {"PageUrl": f"{URL}/", "PageBucketName": BUCKET, "PageDistributionId": "D1"}


def client_saying(status: str, outputs: dict[str, str]) -> CloudFormationClient:
    client = boto3.client(
        "cloudformation", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    stubber = Stubber(client)
    stack = {
        "StackName": STACK,
        "CreationTime": datetime.now(UTC),
        "LastUpdatedTime": datetime.now(UTC),
        "StackStatus": status,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    stubber.add_response("describe_stacks", {"Stacks": [stack]})
    stubber.activate()
    return client


def test_a_rolled_back_update_is_told_by_its_time():
    assert read_failed_update(client_saying("UPDATE_ROLLBACK_COMPLETE", {}), STACK)
    assert read_failed_update(client_saying("UPDATE_COMPLETE", {}), STACK) == ""


def test_before_the_first_deployment_no_update_failed():
    client = boto3.client(
        "cloudformation", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stacks", "ValidationError")
        assert read_failed_update(client, STACK) == ""


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ],
)
def test_a_sound_stack_says_where_the_page_goes(status: str):
    assert read_page_stack(client_saying(status, OUTPUTS), STACK) == PageStack(URL, BUCKET, "D1")


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "DELETE_FAILED",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
    ],
)
def test_a_stack_in_another_state_is_not_published_to(status: str):
    with pytest.raises(DeployFailed, match=status):
        read_page_stack(client_saying(status, OUTPUTS), STACK)


def test_a_stack_that_could_not_be_deleted_still_names_its_bucket():
    assert read_buckets(client_saying("DELETE_FAILED", OUTPUTS), STACK) == [BUCKET]


def test_a_stack_that_never_came_up_has_no_bucket():
    with pytest.raises(StackMissing):
        read_buckets(client_saying("ROLLBACK_COMPLETE", {}), STACK)


def test_an_output_that_is_no_address_is_refused():
    with pytest.raises(DeployFailed, match="no address"):
        read_page_stack(client_saying("CREATE_COMPLETE", OUTPUTS | {"PageUrl": "None"}), STACK)


@pytest.mark.usefixtures("deployed")
def test_a_missing_stack_is_named(capsys: pytest.CaptureFixture[str]):
    assert main(["page", "--stack", "misspelt", "--region", REGION]) == 1

    output = capsys.readouterr().err
    assert output.startswith("error: There is no stack misspelt in us-east-1")
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "Sign in"),
        (ClientError({"Error": {"Code": "ExpiredToken", "Message": "m"}}, "X"), "has ended"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "m"}}, "Op"),
            "Op: AccessDenied",
        ),
        (EndpointConnectionError(endpoint_url="https://a"), "cannot be asked"),
    ],
)
def test_what_aws_refuses_is_one_line(error: Exception, message: str):
    with pytest.raises(DeployFailed, match=message), translated():
        raise error


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_the_environments_of_samconfig_name_stack_and_region(env: str):
    stack = read_samconfig(ROOT / "samconfig.toml", env)

    assert stack == StackName(f"image-classifier-{env}", "us-east-1")


def test_a_commands_own_values_win_as_they_do_for_sam(tmp_path: Path):
    file = tmp_path / "samconfig.toml"
    file.write_text(
        '[dev.global.parameters]\nstack_name = "a"\nregion = "eu-west-1"\n'
        '[dev.deploy.parameters]\nstack_name = "b"\nprofile = "p"\n'
    )

    assert read_samconfig(file, "dev") == StackName("b", "eu-west-1", "p")


@pytest.mark.parametrize("content", [None, "not toml", "version = 0.1\n[prod.global.parameters]\n"])
def test_an_environment_that_is_not_there_is_an_error(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "samconfig.toml"
    if content is not None:
        file.write_text(content)

    assert main(["page", "--env", "dev", "--samconfig", str(file)]) == 1

    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["page"],
        ["page", "--stack", "a", "--env", "b"],
        ["page", "--stack", "a", "--keep", "0"],
        ["smoke", "--url", "example.org"],
        ["empty", "--url", "http://127.0.0.1"],
    ],
)
def test_a_wrong_command_line_is_refused(command: list[str]):
    with pytest.raises(SystemExit) as ended:
        main(command)

    assert ended.value.code == 2
