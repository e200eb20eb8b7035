"""The template's table, roles and parameters, deployed to moto: the code can do its work with what
its role grants, and nothing else."""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.access_control import IAMPolicy, PermissionResult

from deployment_check.answers import NONCE
from feedback.dynamodb import DynamoStore
from tests.feedback.conftest import RETENTION, feedback
from tests.template.conftest import DOCUMENT

STACK = "classifier-under-test"
DEPLOYED = ("FeedbackTable", "FeedbackRole", "FeedbackLogs", "ClassifierRole", "ClassifierLogs")
REGION = "us-east-1"


class Denied(Exception):
    """IAM would refuse the call."""


@dataclass(frozen=True)
class DeployedStack:
    """Names of what the stack made."""

    names: dict[str, str]

    def policies(self, role: str) -> list[IAMPolicy]:
        iam = boto3.client("iam", region_name=REGION)
        name = self.names[role]
        return [
            IAMPolicy({"policy_document": _as_deployed(iam, name, policy)})
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]

    def permits(self, role: str, action: str, resource: str) -> bool:
        return any(
            policy.is_action_permitted(action, resource) is PermissionResult.PERMITTED
            for policy in self.policies(role)
        )


def _as_deployed(iam: Any, role: str, policy: str) -> str:
    """The policy as AWS would have made it; moto keeps Python's own form of it, with AWS::NoValue
    as None, and its log groups' ARNs lack the ``:*`` that CloudFormation's end with."""
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    document = ast.literal_eval(document)
    document["Statement"] = [statement for statement in document["Statement"] if statement]
    for statement in document["Statement"]:
        if ":log-group:" in statement["Resource"]:
            statement["Resource"] = statement["Resource"].removesuffix(":*") + ":*"
    return json.dumps(document)


@pytest.fixture
def deployed(translated: dict[str, Any]) -> Iterator[DeployedStack]:
    """The part of the stack that moto can stand up, under the template's own parameters."""
    part = {
        "Parameters": translated["Parameters"],
        "Conditions": translated["Conditions"],
        "Resources": {name: translated["Resources"][name] for name in DEPLOYED},
    }
    with mock_aws():
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        cloudformation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(part),
            Parameters=[
                {"ParameterKey": "Tracing", "ParameterValue": "PassThrough"},
                {"ParameterKey": "LogRetentionDays", "ParameterValue": "7"},
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        yield DeployedStack(
            {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for resource in resources
            }
        )


@pytest.fixture
def as_feedback(deployed: DeployedStack) -> Any:
    """A DynamoDB client whose every call is checked against the role, as IAM would."""
    client = boto3.client("dynamodb", region_name=REGION)
    table = deployed.names["FeedbackTable"]
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]

    def check(params: dict[str, Any], model: Any, **_: object) -> None:
        index = params.get("IndexName")
        resource = arn.replace(table, params["TableName"]) + (f"/index/{index}" if index else "")
        action = f"dynamodb:{model.name}"
        if not deployed.permits("FeedbackRole", action, resource):
            raise Denied(f"{action} on {resource}")

    client.meta.events.register("provide-client-params.dynamodb", check)
    return client


def test_feedback_can_answer_and_count(as_feedback: Any, deployed: DeployedStack):
    store = DynamoStore(as_feedback, deployed.names["FeedbackTable"], RETENTION)

    assert store.put(feedback("one")) is True
    assert store.put(feedback("one", seconds=1)) is False
    assert len(list(store.judgements("0123456789ab"))) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda client, table: client.scan(TableName=table),
        lambda client, table: client.get_item(TableName=table, Key={"nonce": {"S": "one"}}),
        lambda client, table: client.delete_item(TableName=table, Key={"nonce": {"S": "one"}}),
        lambda client, table: client.delete_table(TableName=table),
        lambda client, table: client.query(
            TableName=table,
            KeyConditionExpression="nonce = :nonce",
            ExpressionAttributeValues={":nonce": {"S": "one"}},
        ),
        lambda client, _: client.put_item(TableName="another", Item={"nonce": {"S": "one"}}),
    ],
    ids=["scan", "get", "delete", "drop", "query the table", "another table"],
)
def test_feedback_can_do_nothing_else(
    as_feedback: Any, deployed: DeployedStack, call: Callable[[Any, str], object]
):
    with pytest.raises(Denied):
        call(as_feedback, deployed.names["FeedbackTable"])


@pytest.mark.parametrize("function", ["Classifier", "Feedback"])
def test_functions_write_their_own_log_only(deployed: DeployedStack, function: str):
    own = deployed.names[f"{function}Logs"]
    foreign = deployed.names["FeedbackLogs" if function == "Classifier" else "ClassifierLogs"]
    role = f"{function}Role"

    def stream(group: str) -> str:
        return f"arn:aws:logs:{REGION}:123456789012:log-group:{group}:log-stream:2026/11/21/[1]ab"

    assert deployed.permits(role, "logs:PutLogEvents", stream(own))
    assert deployed.permits(role, "logs:CreateLogStream", stream(own))
    assert not deployed.permits(role, "logs:PutLogEvents", stream(foreign))
    assert not deployed.permits(role, "logs:CreateLogGroup", stream(own))


def test_the_classifier_reaches_no_data(deployed: DeployedStack):
    table = boto3.client("dynamodb", region_name=REGION).describe_table(
        TableName=deployed.names["FeedbackTable"]
    )["Table"]["TableArn"]

    assert not deployed.permits("ClassifierRole", "dynamodb:PutItem", table)
    assert not deployed.permits("ClassifierRole", "secretsmanager:GetSecretValue", "*")


def test_feedbacks_check_touches_its_own_answer_only():
    (policy,) = DOCUMENT["Resources"]["FeedbackCheckRole"]["Properties"]["Policies"]
    (statement,) = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("dynamodb:") for action in statement.get("Action", []))
    ]

    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:DeleteItem"]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [NONCE]}
    }


def test_the_table_is_as_the_template_says(deployed: DeployedStack):
    client = boto3.client("dynamodb", region_name=REGION)
    table = client.describe_table(TableName=deployed.names["FeedbackTable"])["Table"]

    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-model-version"]
    assert table["DeletionProtectionEnabled"] is True
    with pytest.raises(ClientError):
        client.delete_table(TableName=deployed.names["FeedbackTable"])


def test_parameters_reach_what_they_are_for(deployed: DeployedStack):
    (group,) = boto3.client("logs", region_name=REGION).describe_log_groups(
        logGroupNamePrefix=deployed.names["FeedbackLogs"]
    )["logGroups"]

    assert group["retentionInDays"] == 7
    assert group["logGroupName"] == f"/aws/lambda/{STACK}/feedback"


def test_tracing_is_granted_only_where_it_is_on():
    for role in ("ClassifierRole", "FeedbackRole", "ClassifierCheckRole", "FeedbackCheckRole"):
        (policy,) = DOCUMENT["Resources"][role]["Properties"]["Policies"]
        (trace,) = [
            statement
            for statement in policy["PolicyDocument"]["Statement"]
            if "Fn::If" in statement
        ]
        assert trace["Fn::If"][0] == "Traced"
