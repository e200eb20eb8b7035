"""The boundary of the stack's roles: what they ask for, and no more."""

from typing import Any

import pytest

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, resources_of
from tests.template.policies import BOUNDARY_POLICY, FUNCTION, RESOURCES, TABLE, as_list, grants

FUNCTION_ROLE = load_yaml(ROOT / "infra" / "function.yaml")["Resources"]["Role"]["Properties"]


def granted_by_roles() -> set[str]:
    """Each action that a role of the template asks for."""
    roles = [*resources_of("AWS::IAM::Role").values(), FUNCTION_ROLE]
    policies = [policy for role in roles for policy in role["Policies"]]
    actions = set()
    for policy in [*policies, *resources_of("AWS::IAM::Policy").values()]:
        for item in policy["PolicyDocument"]["Statement"]:
            statement = item["Fn::If"][1] if "Fn::If" in item else item
            actions |= set(as_list(statement["Action"]))
    return actions


def test_the_boundary_is_what_the_stacks_roles_ask_for_and_no_more():
    bounded = [statement["Action"] for statement in BOUNDARY_POLICY["Statement"]]

    assert {action for actions in bounded for action in as_list(actions)} == granted_by_roles()


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (
            "logs:PutLogEvents",
            f"{RESOURCES['logs'][0].removesuffix('*')}log-stream:2026/11/21/[1]ab",
        ),
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:Query", f"{TABLE}/index/by-version"),
        ("lambda:InvokeFunction", f"{FUNCTION}:7"),
        ("lambda:UpdateAlias", FUNCTION),
        ("codedeploy:PutLifecycleEventHookExecutionStatus", RESOURCES["codedeploy"][1]),
        ("cloudwatch:DescribeAlarms", "*"),
        ("xray:PutTraceSegments", "*"),
    ],
)
def test_within_the_boundary_the_stack_works(action: str, resource: str):
    assert {} in grants(action, resource, BOUNDARY_POLICY)
    if resource != "*":
        assert not grants(
            action, resource.replace("classifier-dev", "classifier-prod"), BOUNDARY_POLICY
        )


@pytest.mark.parametrize("role", [*resources_of("AWS::IAM::Role").values(), FUNCTION_ROLE])
def test_every_role_takes_the_boundary(role: dict[str, Any]):
    chosen = role["PermissionsBoundary"]["Fn::If"]

    assert chosen[0] == "HasPermissionsBoundary"
    assert chosen[1]["Fn::Sub"].endswith(":policy/${PermissionsBoundary}")
    assert DOCUMENT["Parameters"]["PermissionsBoundary"]["Default"] == ""  # none without GitHub
