"""The template's table, roles and parameters, deployed to moto: the code can do its work with what
its role grants, and nothing else."""

import ast
import copy
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
from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.feedback.conftest import RETENTION, feedback
from tests.template.conftest import DOCUMENT

STACK = "classifier-under-test"
BASICS = load_yaml(ROOT / "infra" / "function.yaml")
REGION = "us-east-1"


class Denied(Exception):
    """IAM would refuse the call."""


@dataclass(frozen=True)
class Stack:
    """Names of what the stack made; ``Feedback.Role`` is the role in the stack FeedbackBasics."""

    names: dict[str, str]

    def policies(self, function: str) -> list[IAMPolicy]:
        iam = boto3.client("iam", region_name=REGION)
        role = self.names[f"{function}.Role"]
        return [
            IAMPolicy({"policy_document": _as_deployed(iam, role, policy)})
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]

    def permits(self, function: str, action: str, resource: str) -> bool:
        return any(
            policy.is_action_permitted(action, resource) is PermissionResult.PERMITTED
            for policy in self.policies(function)
        )


def _as_deployed(iam: Any, role: str, policy: str) -> str:
    """The policy as AWS would have made it; moto keeps Python's own form of it, with AWS::NoValue
    as None, and its log groups' ARNs lack the ``:*`` that CloudFormation's end with."""
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    document = document if isinstance(document, dict) else ast.literal_eval(document)
    document["Statement"] = [statement for statement in document["Statement"] if statement]
    for statement in document["Statement"]:
        if ":log-group:" in statement["Resource"]:
            statement["Resource"] = statement["Resource"].removesuffix(":*") + ":*"
    return json.dumps(document)


def _create(name: str, template: dict[str, Any], **parameters: str) -> dict[str, str]:
    """Logical → physical id of what a stack made."""
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}


@pytest.fixture
def deployed(translated: dict[str, Any]) -> Iterator[Stack]:
    """The part of the stack that moto can stand up: tables, and two functions' roles and logs."""
    with mock_aws():
        names = {}
        for function in ("Classifier", "Feedback"):
            parameters = {"Name": function.lower(), "Stack": STACK, "LogRetentionDays": "7"}
            properties = {"PermissionsBoundary": "", "Tracing": "PassThrough"}
            outputs = _create(f"{STACK}-{function}", BASICS, **parameters, **properties)
            names |= {f"{function}.{name}": value for name, value in outputs.items()}
        policy = copy.deepcopy(translated["Resources"]["FeedbackPermissions"])
        policy["Properties"]["Roles"] = [names["Feedback.Role"]]
        table = translated["Resources"]["FeedbackTable"]
        names |= _create(STACK, {"Resources": {"FeedbackTable": table, "Permissions": policy}})
        yield Stack(names)


@pytest.fixture
def as_feedback(deployed: Stack) -> Any:
    """A DynamoDB client whose every call is checked against the role, as IAM would."""
    client = boto3.client("dynamodb", region_name=REGION)
    table = deployed.names["FeedbackTable"]
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]

    def check(params: dict[str, Any], model: Any, **_: object) -> None:
        index = params.get("IndexName")
        resource = arn.replace(table, params["TableName"]) + (f"/index/{index}" if index else "")
        action = f"dynamodb:{model.name}"
        if not deployed.permits("Feedback", action, resource):
            raise Denied(f"{action} on {resource}")

    client.meta.events.register("provide-client-params.dynamodb", check)
    return client


def test_feedback_can_answer_and_count(as_feedback: Any, deployed: Stack):
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
    as_feedback: Any, deployed: Stack, call: Callable[[Any, str], object]
):
    with pytest.raises(Denied):
        call(as_feedback, deployed.names["FeedbackTable"])


@pytest.mark.parametrize("function", ["Classifier", "Feedback"])
def test_functions_write_their_own_log_only(deployed: Stack, function: str):
    own = deployed.names[f"{function}.Logs"]
    foreign = deployed.names["Feedback.Logs" if function == "Classifier" else "Classifier.Logs"]

    def stream(group: str) -> str:
        return f"arn:aws:logs:{REGION}:123456789012:log-group:{group}:log-stream:2026/11/21/[1]ab"

    assert deployed.permits(function, "logs:PutLogEvents", stream(own))
    assert deployed.permits(function, "logs:CreateLogStream", stream(own))
    assert not deployed.permits(function, "logs:PutLogEvents", stream(foreign))
    assert not deployed.permits(function, "logs:CreateLogGroup", stream(own))


def test_the_classifier_reaches_no_data(deployed: Stack):
    table = boto3.client("dynamodb", region_name=REGION).describe_table(
        TableName=deployed.names["FeedbackTable"]
    )["Table"]["TableArn"]

    assert not deployed.permits("Classifier", "dynamodb:PutItem", table)
    assert not deployed.permits("Classifier", "secretsmanager:GetSecretValue", "*")


def test_feedbacks_check_touches_its_own_answer_only():
    policy = DOCUMENT["Resources"]["FeedbackCheckPermissions"]["Properties"]
    (statement,) = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("dynamodb:") for action in statement.get("Action", []))
    ]

    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:DeleteItem"]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [NONCE]}
    }


def test_the_table_is_as_the_template_says(deployed: Stack):
    client = boto3.client("dynamodb", region_name=REGION)
    table = client.describe_table(TableName=deployed.names["FeedbackTable"])["Table"]

    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    names = [index["IndexName"] for index in table["GlobalSecondaryIndexes"]]
    assert names == ["by-version", "by-model-version"]
    assert table["DeletionProtectionEnabled"] is True
    with pytest.raises(ClientError):
        client.delete_table(TableName=deployed.names["FeedbackTable"])


def test_parameters_reach_what_they_are_for(deployed: Stack):
    (group,) = boto3.client("logs", region_name=REGION).describe_log_groups(
        logGroupNamePrefix=deployed.names["Feedback.Logs"]
    )["logGroups"]

    assert group["retentionInDays"] == 7
    assert group["logGroupName"] == f"/aws/lambda/{STACK}/feedback"


def test_tracing_is_granted_only_where_it_is_on():
    (policy,) = BASICS["Resources"]["Role"]["Properties"]["Policies"]
    (trace,) = [item for item in policy["PolicyDocument"]["Statement"] if "Fn::If" in item]

    assert trace["Fn::If"][0] == "Traced"
