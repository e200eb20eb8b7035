"""The role that GitHub deploys with: all that CloudFormation and SAM need, on one environment's
stack, and no way from there to more.

What CloudFormation needs is what its resource providers say of themselves; cfn-lint carries it.
"""

import json
import re
import tomllib
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, NESTED, resources_of

GITHUB = load_yaml(next(path for path in NESTED if path.name == "github.yaml"))
BOUNDARY = "arn:aws:iam::123456789012:policy/image-classifier-dev-boundary"
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "image-classifier-dev",
    "Environment": "dev",
    "Repository": "owner@1/name@2",
    "Boundary": BOUNDARY,
}
HERE = "us-east-1:123456789012"
SAM_BUCKET = "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1"
ROLE = "arn:aws:iam::123456789012:role/image-classifier-dev-ClassifierBasics-1-Role-1"
TABLE = f"arn:aws:dynamodb:{HERE}:table/image-classifier-dev-FeedbackTable-1"
FUNCTION = f"arn:aws:lambda:{HERE}:function:image-classifier-dev-ClassifierFunction-1"
REPOSITORY = f"arn:aws:ecr:{HERE}:repository/imageclassifierdev0123abcd/classifierfunction1repo"
# What each service's actions are on, by the names that CloudFormation and SAM give.
RESOURCES = {
    "apigateway": [
        "arn:aws:apigateway:us-east-1::/apis/1",
        "arn:aws:apigateway:us-east-1::/tags/1",
    ],
    "application-autoscaling": [f"arn:aws:application-autoscaling:{HERE}:scalable-target/1"],
    "cloudformation": [
        f"arn:aws:cloudformation:{HERE}:stack/image-classifier-dev/1",
        f"arn:aws:cloudformation:{HERE}:stack/image-classifier-dev-Page-1/1",
        f"arn:aws:cloudformation:{HERE}:stack/image-classifier-dev-0123abcd-CompanionStack/1",
    ],
    "cloudfront": ["arn:aws:cloudfront::123456789012:distribution/1"],
    "cloudwatch": [
        f"arn:aws:cloudwatch:{HERE}:alarm:image-classifier-dev-ClassifierAlarms-1-SlowAlarm-1",
        "arn:aws:cloudwatch::123456789012:dashboard/image-classifier-dev",
    ],
    "codedeploy": [
        f"arn:aws:codedeploy:{HERE}:application:image-classifier-dev-Server-1",
        f"arn:aws:codedeploy:{HERE}:deploymentgroup:image-classifier-dev-Server-1/group-1",
        f"arn:aws:codedeploy:{HERE}:deploymentconfig:CodeDeployDefault.LambdaAllAtOnce",
    ],
    "dynamodb": [TABLE],
    "ecr": [REPOSITORY],
    "iam": [ROLE],
    "lambda": [FUNCTION, f"{FUNCTION}:live"],
    "logs": [
        f"arn:aws:logs:{HERE}:log-group:/aws/lambda/image-classifier-dev/classifier:*",
        f"arn:aws:logs:{HERE}:log-group:/aws/vendedlogs/image-classifier-dev/api:*",
    ],
    "s3": ["arn:aws:s3:::image-classifier-dev-page-1-bucket-1"],
    "secretsmanager": [f"arn:aws:secretsmanager:{HERE}:secret:image-classifier-dev/receipt-key/1"],
    "states": [f"arn:aws:states:{HERE}:stateMachine:image-classifier-dev-collections"],
    "sqs": [f"arn:aws:sqs:{HERE}:image-classifier-dev-UploadsQueue-1"],
    "sns": [f"arn:aws:sns:{HERE}:image-classifier-dev-AlarmTopic-1"],
    "wafv2": [f"arn:aws:wafv2:{HERE}:global/webacl/1/1"],
}
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


def resolved(node: Any) -> Any:
    """The node with its references to parameters and to the boundary put in."""
    if isinstance(node, list):
        return [resolved(item) for item in node if not is_conditional(item)]
    if not isinstance(node, dict):
        return node
    if "Ref" in node:
        return VALUES.get(node["Ref"], node)
    if "Fn::Sub" in node:
        return re.sub(r"\$\{([^}]+)\}", lambda match: VALUES[match[1]], node["Fn::Sub"])
    return {key: resolved(value) for key, value in node.items()}


def is_conditional(node: Any) -> bool:
    """What a condition adds, which does not hold by default."""
    return isinstance(node, dict) and node.get("Fn::If", [None])[-1] == {"Ref": "AWS::NoValue"}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


FUNCTION_ROLE = load_yaml(ROOT / "infra" / "function.yaml")["Resources"]["Role"]["Properties"]
ROLE_PROPERTIES = GITHUB["Resources"]["DeployRole"]["Properties"]
(POLICY,) = (resolved(policy["PolicyDocument"]) for policy in ROLE_PROPERTIES["Policies"])
BOUNDARY_POLICY = resolved(GITHUB["Resources"]["Boundary"]["Properties"]["PolicyDocument"])


def grants(action: str, resource: str, policy: dict[str, Any] = POLICY) -> list[dict[str, Any]]:
    """The conditions of each statement that allows it; an empty one asks for nothing."""
    return [
        statement.get("Condition", {})
        for statement in policy["Statement"]
        if any(
            fnmatchcase(action.lower(), pattern.lower()) for pattern in as_list(statement["Action"])
        )
        and any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
    ]


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
