"""The check's neighbours in AWS: the version under test, CodeDeploy, and the feedback table."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployment_check.check import Log
from deployment_check.request import MALFORMED, Event, Invoke, NoAnswer

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

# The classifier's longest timeout is 28 s, its init 10 s. Throttling is tried again by botocore.
INVOKE_CONFIG = Config(
    connect_timeout=5, read_timeout=45, retries={"mode": "standard", "total_max_attempts": 4}
)
CALL_CONFIG = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
REPORT_S = 30.0
"""The longest that a call takes: three tries of 8 s, pauses of 1 s and 2 s between them."""
_STILL_PENDING = "ResourceConflictException"
_TRIES = 6
_PAUSE_S = 5.0


def invoke_version(
    client: "LambdaClient", version: str, sleep: Callable[[float], None] = time.sleep
) -> Invoke:
    """A function that asks the published ``version`` (an ARN).

    What it returns raises ``NoAnswer`` where the version fails, times out or cannot be called.
    """

    def invoke(event: Event) -> dict[str, Any]:
        for last in [False] * (_TRIES - 1) + [True]:
            try:
                response = client.invoke(FunctionName=version, Payload=json.dumps(event).encode())
                payload = response["Payload"].read()
            except ClientError as exc:
                # Lambda may still be unpacking a new image.
                if exc.response["Error"]["Code"] == _STILL_PENDING and not last:
                    sleep(_PAUSE_S)
                    continue
                raise NoAnswer(str(exc)) from exc
            except BotoCoreError as exc:
                raise NoAnswer(str(exc)) from exc
            if "FunctionError" in response:
                raise NoAnswer(f"the function failed: {payload.decode(errors='replace')[:500]}")
            answer: dict[str, Any] = json.loads(payload)
            return answer
        raise AssertionError("the last try returns or raises")

    return invoke


def target_version(client: "CodeDeployClient", deployment: str, log: Log) -> str | None:
    """The version that a deployment moves traffic to; None where CodeDeploy does not tell.

    CloudFormation hands CodeDeploy an AppSpec file, which the deployment itself may name by its
    hash alone (AWS CodeDeploy API Reference, GetDeployment).
    """
    try:
        info = client.get_deployment(deploymentId=deployment)["deploymentInfo"]
        revision = client.get_application_revision(
            applicationName=info["applicationName"],
            revision=info["revision"],
        )["revision"]
        content = (revision.get("appSpecContent") or revision["string"])["content"]
        (resource,) = json.loads(content)["Resources"]
        (function,) = resource.values()
        return str(function["Properties"]["TargetVersion"])
    except (BotoCoreError, ClientError, *MALFORMED):
        # The version that the template names is checked then: every release publishes one.
        log.exception("target_version_unknown")
        return None


def report(client: "CodeDeployClient", event: dict[str, str], status: str) -> None:
    """Tell CodeDeploy the outcome of the hook that ``event`` asked for."""
    client.put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,  # type: ignore[arg-type]  # one of check's two
    )


class TableItem:
    """See ``answers.Item``; the item of the feedback table with the key ``nonce``."""

    def __init__(self, client: "DynamoDBClient", table: str, nonce: str) -> None:
        self._client = client
        self._table = table
        self._key: Any = {"nonce": {"S": nonce}}

    def read(self) -> dict[str, Any] | None:
        """Its attributes, as last written."""
        response = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return response.get("Item")

    def delete(self) -> None:
        """Remove it, if it is there."""
        self._client.delete_item(TableName=self._table, Key=self._key)
