"""The role that GitHub deploys with: all that CloudFormation and SAM need, on one environment's
stack, and no way from there to more.

What CloudFormation needs is what its resource providers say of themselves; cfn-lint carries it.
"""

import json
import re
import tomllib
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import NESTED, resources_of
from tests.template.policies import (
    BOUNDARY,
    BOUNDARY_POLICY,
    FUNCTION,
    GITHUB,
    HERE,
    POLICY,
    REPOSITORY,
    RESOURCES,
    ROLE,
    ROLE_PROPERTIES,
    SAM_BUCKET,
    TABLE,
    grants,
    resolved,
)

# AWS knows no resources for these (Service Authorization Reference).
ON_ANYTHING = {
    "cloudformation:GetTemplateSummary",
    "cloudwatch:GetMetricData",
    "codedeploy:StopDeployment",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
    "secretsmanager:GetRandomPassword",
    "sns:Unsubscribe",
}
# What providers ask for only where a template uses what this one does not.
NOT_USED = re.compile(
    r"(ec2|elasticfilesystem|firehose|kinesis|kms|payments|s3files|s3tables):.*"  # other services
    r"|iam:(AttachRolePolicy|DetachRolePolicy)"  # managed policies
    r"|iam:DeleteRolePermissionsBoundary"  # a boundary stays
    r"|iam:CreateServiceLinkedRole"  # on other resources, see below
    r"|iam:\w+(User|Group)Policy"  # policies are of roles
    r"|codedeploy:RegisterOnPremisesInstance"
    r"|dynamodb:(\w*(Item|Query|Scan)|\w*Replica|ImportTable|DescribeImport|DeleteTable"  # no data
    r"|(Enable|Disable|Update)KinesisStreamingDestination|(Put|Delete)ResourcePolicy"
    r"|UpdateContributorInsights)"
    r"|lambda:(AssociateRuntimeAlias|PassCapacityProvider)"  # no runtime of Lambda's own
    r"|logs:(DeleteIndexPolicy|DeleteResourcePolicy|PutIndexPolicy)"
    r"|s3:(GetObjectMetadata|REST.PUT.OBJECT)"  # exist in no list of S3's actions
    r"|secretsmanager:(ReplicateSecretToRegions|RemoveRegionsFromReplication)"
)


def needed_by(kind: str) -> set[str]:
    """What CloudFormation's provider calls to make, read, change, tag and delete it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    handlers = {name: handler for name, handler in schema["handlers"].items() if name != "list"}
    assert {"create", "delete"} <= handlers.keys(), kind
    actions = {action for handler in handlers.values() for action in handler["permissions"]}
    actions |= set(schema.get("tagging", {}).get("permissions", []))
    return {action for action in actions if not NOT_USED.fullmatch(action)}


def test_cloudformation_may_all_that_its_providers_call(translated: dict[str, Any]):
    documents = [translated, *(load_yaml(path) for path in NESTED if path.name != "github.yaml")]
    kinds = {
        resource["Type"] for document in documents for resource in document["Resources"].values()
    }
    kinds |= {"AWS::ECR::Repository"}  # SAM's companion stack

    missing = {
        f"{action} on {resource} ({kind})"
        for kind in kinds
        for action in needed_by(kind)
        for resource in (["*"] if action in ON_ANYTHING else RESOURCES[action.partition(":")[0]])
        if not grants(action, resource)
    }

    assert len(kinds) > 20
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        # sam deploy
        (
            "cloudformation:DescribeStacks",
            f"arn:aws:cloudformation:{HERE}:stack/aws-sam-cli-managed-default/1",
        ),
        (
            "cloudformation:CreateChangeSet",
            "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31",
        ),
        *(
            (f"cloudformation:{name}", RESOURCES["cloudformation"][0])
            for name in (
                "CreateChangeSet",
                "DescribeChangeSet",
                "ExecuteChangeSet",
                "DescribeStackEvents",
                "DescribeStacks",
            )
        ),
        ("cloudformation:GetTemplateSummary", "*"),
        ("s3:ListBucket", SAM_BUCKET),
        ("s3:GetObject", f"{SAM_BUCKET}/image-classifier-dev/1.template"),
        ("s3:PutObject", f"{SAM_BUCKET}/image-classifier-dev/1.template"),
        # docker push, and Lambda's pull
        ("ecr:GetAuthorizationToken", "*"),
        *(
            (f"ecr:{name}", REPOSITORY)
            for name in (
                "BatchCheckLayerAvailability",
                "BatchGetImage",
                "CompleteLayerUpload",
                "GetDownloadUrlForLayer",
                "GetRepositoryPolicy",
                "InitiateLayerUpload",
                "PutImage",
                "SetRepositoryPolicy",
                "UploadLayerPart",
            )
        ),
        # infra/deploy
        ("s3:ListBucket", RESOURCES["s3"][0]),
        *(
            (f"s3:{name}", f"{RESOURCES['s3'][0]}/assets/1")
            for name in ("PutObject", "DeleteObject")
        ),
        ("cloudfront:CreateInvalidation", RESOURCES["cloudfront"][0]),
        ("cloudfront:GetInvalidation", RESOURCES["cloudfront"][0]),
        *(
            (f"codedeploy:{name}", RESOURCES["codedeploy"][1])
            for name in ("ListDeployments", "GetDeployment", "GetDeploymentTarget")
        ),
        ("cloudwatch:DescribeAlarms", "*"),
        ("lambda:InvokeFunction", FUNCTION.replace("ClassifierFunction", "FeedbackCheckFunction")),
        # the first of their kind in an account
        *(
            (
                "iam:CreateServiceLinkedRole",
                f"arn:aws:iam::123456789012:role/aws-service-role/{name}.amazonaws.com/1",
            )
            for name in ("ops.apigateway", "lambda.application-autoscaling")
        ),
    ],
)
def test_sam_docker_and_the_publishing_may_what_they_call(action: str, resource: str):
    assert {} in grants(action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        # its own powers, and the boundary
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/deploy-image-classifier-dev"),
        (
            "iam:UpdateAssumeRolePolicy",
            "arn:aws:iam::123456789012:role/deploy-image-classifier-dev",
        ),
        ("iam:DeleteRolePermissionsBoundary", ROLE),
        ("iam:AttachRolePolicy", ROLE),
        *(
            (f"iam:{name}", BOUNDARY)
            for name in (
                "CreatePolicyVersion",
                "SetDefaultPolicyVersion",
                "DeletePolicy",
                "CreatePolicy",
            )
        ),
        (
            "cloudformation:UpdateStack",
            f"arn:aws:cloudformation:{HERE}:stack/github-image-classifier-dev/1",
        ),
        # what people said, and calls as the service
        *(
            (f"dynamodb:{name}", TABLE)
            for name in (
                "GetItem",
                "PutItem",
                "Query",
                "Scan",
                "DeleteTable",
                "ExportTableToPointInTime",
                "RestoreTableToPointInTime",
            )
        ),
        ("lambda:InvokeFunction", FUNCTION),
        # prod's
        (
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{HERE}:secret:image-classifier-prod/receipt-key/1",
        ),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:ReceiptKey-1"),
        ("s3:PutObject", f"{SAM_BUCKET}/image-classifier-prod/1.template"),
        ("s3:PutObject", f"{SAM_BUCKET}/1.template"),
        ("s3:PutBucketPolicy", SAM_BUCKET),
        (
            "cloudformation:CreateChangeSet",
            f"arn:aws:cloudformation:{HERE}:stack/aws-sam-cli-managed-default/1",
        ),
        (
            "cloudformation:UpdateStack",
            f"arn:aws:cloudformation:{HERE}:stack/image-classifier-prod/1",
        ),
        ("lambda:UpdateFunctionCode", FUNCTION.replace("-dev-", "-prod-")),
        ("sts:AssumeRole", ROLE),
    ],
)
def test_it_may_not(action: str, resource: str):
    assert grants(action, resource) == []


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary"])
def test_roles_get_powers_within_the_boundary_only(action: str):
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}

    assert grants(f"iam:{action}", ROLE) == [bounded]


def test_roles_are_handed_to_the_services_that_run_the_functions_only():
    (condition,) = grants("iam:PassRole", ROLE)

    assert condition == {
        "StringEquals": {
            "iam:PassedToService": [
                "lambda.amazonaws.com",
                "codedeploy.amazonaws.com",
                "states.amazonaws.com",
            ]
        }
    }


def test_the_receipt_keys_are_named_for_its_stack_and_never_twice():
    names = [
        secret["Name"]["Fn::Join"][1]
        for secret in resources_of("AWS::SecretsManager::Secret").values()
    ]
    unique = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}

    assert names == [
        [{"Ref": "AWS::StackName"}, key, unique] for key in ("receipt-key", "previous-receipt-key")
    ]


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_sam_uploads_where_the_role_may_write(env: str):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())

    assert config[env]["deploy"]["parameters"]["s3_prefix"] == f"image-classifier-{env}"


def test_main_of_one_environment_of_one_repository_is_trusted():
    (statement,) = resolved(ROLE_PROPERTIES["AssumeRolePolicyDocument"]["Statement"])

    github = "token.actions.githubusercontent.com"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{github}:aud": "sts.amazonaws.com",
            f"{github}:sub": "repo:owner@1/name@2:environment:dev",
            f"{github}:ref": "refs/heads/main",
        }
    }


@pytest.mark.parametrize(
    ("repository", "accepted"),
    [
        ("owner/name", True),
        ("owner@1/name@2", True),  # GitHub's default since 15 July 2026
        ("owner", False),
        ("owner/*:*", False),
        ("owner/name:environment:prod", False),
    ],
)
def test_a_repository_is_named_as_its_tokens_are(repository: str, *, accepted: bool):
    pattern = GITHUB["Parameters"]["Repository"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, repository)) is accepted


def test_the_policies_fit_into_what_iam_takes():
    # IAM counts no white space: 10 240 for a role's own, 6144 for a managed policy.
    sizes = [len(json.dumps(policy, separators=(",", ":"))) for policy in (POLICY, BOUNDARY_POLICY)]

    assert sizes[0] < 10_240
    assert sizes[1] < 6144
