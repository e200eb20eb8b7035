"""The whole stack in ministack's CloudFormation, which executes it without an account."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
import jmespath
from botocore.exceptions import WaiterError

from infra.local.sam.intrinsics import load_yaml
from tests.template.conftest import NESTED, translate

# Takes no properties, makes nothing, and can be referred to.
NOTHING = "AWS::CloudFormation::WaitConditionHandle"
UNKNOWN = ("AWS::CodeDeploy::", "AWS::ApplicationAutoScaling::")
# As samconfig.toml grants them.
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def emulatable(document: dict[str, Any], templates_url: str) -> bytes:
    """A template with what ministack 1.5 cannot do left out, and nested ones where it finds them.

    It knows neither CodeDeploy, so aliases move at once, nor scaling of provisioned concurrency,
    nor alarms on an expression of several metrics. No image is pulled; ``translate.py`` names one.
    """
    for resource in document["Resources"].values():
        resource.pop("UpdatePolicy", None)
        properties = resource.get("Properties", {})
        if resource["Type"].startswith(UNKNOWN) or "Metrics" in properties:
            resource |= {"Type": NOTHING, "Properties": {}}
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            properties["TemplateURL"] = f"{templates_url}/{Path(properties['TemplateURL']).name}"
    return json.dumps(document).encode()


@dataclass(frozen=True)
class EmulatedStack:
    """A stack by its name, in the stand-in at ``url``, which AWS's variables point to."""

    name: str
    url: str

    def deploy(self, action: Literal["create", "update"], **parameters: str) -> dict[str, str]:
        """Create or update the stack as ``sam deploy`` does; its outputs.

        Raises:
            AssertionError: it was rolled back; with what failed.
        """
        client = boto3.client("cloudformation")
        getattr(client, f"{action}_stack")(
            StackName=self.name,
            TemplateURL=self._uploaded(parameters),
            Capabilities=CAPABILITIES,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        self._wait(f"stack_{action}_complete")
        (stack,) = client.describe_stacks(StackName=self.name)["Stacks"]
        assert stack["StackStatus"] == f"{action.upper()}_COMPLETE", self._failures()
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def delete(self) -> None:
        """Delete the stack, if it is there."""
        boto3.client("cloudformation").delete_stack(StackName=self.name)
        self._wait("stack_delete_complete")

    def resources(self) -> dict[str, str]:
        """Physical id of each resource, by its logical one."""
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
        }

    def function(self, logical_id: str, qualifier: str = "$LATEST") -> dict[str, Any]:
        """A function's configuration."""
        configuration: dict[str, Any] = boto3.client("lambda").get_function_configuration(
            FunctionName=self.resources()[logical_id], Qualifier=qualifier
        )
        return configuration

    def _uploaded(self, parameters: dict[str, str]) -> str:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="templates")
        templates_url = f"{self.url}/templates"
        documents = {file.name: load_yaml(file) for file in NESTED}
        documents["template.json"] = translate(**parameters)
        for key, document in documents.items():
            s3.put_object(Bucket="templates", Key=key, Body=emulatable(document, templates_url))
        return f"{templates_url}/template.json"

    def _wait(self, state: str) -> None:
        waiter = boto3.client("cloudformation").get_waiter(state)
        with suppress(WaiterError):
            waiter.wait(StackName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})

    def _failures(self) -> list[str]:
        events = boto3.client("cloudformation").describe_stack_events(StackName=self.name)
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in events["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED")
        ]


def everything() -> set[str]:
    """Names of what there is, of the kinds that the stack makes."""
    listings = [
        ("apigatewayv2", "get_apis", "Items[].ApiId"),
        ("cloudfront", "list_distributions", "DistributionList.Items[].Id"),
        ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
        ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
        ("dynamodb", "list_tables", "TableNames"),
        ("iam", "list_roles", "Roles[].RoleName"),
        ("lambda", "list_functions", "Functions[].FunctionName"),
        ("logs", "describe_log_groups", "logGroups[].logGroupName"),
        ("s3", "list_buckets", "Buckets[].Name"),
        ("secretsmanager", "list_secrets", "SecretList[].Name"),
        ("sns", "list_topics", "Topics[].TopicArn"),
        ("sqs", "list_queues", "QueueUrls"),
        ("stepfunctions", "list_state_machines", "stateMachines[].name"),
    ]
    return {
        name
        for service, action, names in listings
        for page in boto3.client(service).get_paginator(action).paginate()
        for name in jmespath.search(names, page) or []
    }
