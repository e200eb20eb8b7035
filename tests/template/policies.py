"""The policies of GitHub's role and of its boundary, and what they grant."""

import re
from fnmatch import fnmatchcase
from typing import Any

from infra.local.sam.intrinsics import load_yaml
from tests.template.conftest import NESTED

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
