"""The check's two neighbours in AWS: the version under test, and CodeDeploy."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployment_check.replay import NoAnswer

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_lambda import LambdaClient

# The classifier's longest timeout is 28 s, its init 10 s. Throttling is tried again by botocore.
INVOKE_CONFIG = Config(
    connect_timeout=5, read_timeout=45, retries={"mode": "standard", "total_max_attempts": 4}
)
REPORT_CONFIG = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
REPORT_S = 30.0
"""The longest that a report takes: three tries of 8 s, pauses of 1 s and 2 s between them."""
_STILL_PENDING = "ResourceConflictException"
_TRIES = 6
_PAUSE_S = 5.0


def invoke_version(
    client: "LambdaClient", version: str, sleep: Callable[[float], None] = time.sleep
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that asks the published ``version`` (an ARN).

    What it returns raises ``NoAnswer`` where the version fails, times out or cannot be called.
    """

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
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


def report_to(client: "CodeDeployClient", event: dict[str, str]) -> Callable[[str], None]:
    """A function that tells CodeDeploy the outcome of the hook that ``event`` asked for."""

    def report(status: str) -> None:
        client.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,  # type: ignore[arg-type]  # one of check's two
        )

    return report
