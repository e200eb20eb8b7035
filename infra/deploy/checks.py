"""The functions that check a new version before it gets traffic, asked once more afterwards.

No hook runs when a stack is created, so the first versions are checked only so.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.config import Config

from infra.deploy.smoke import CheckResult

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# The checks' own timeout is 300 s; a second try would only check again.
INVOKE_CONFIG = Config(read_timeout=310, retries={"total_max_attempts": 1})


def ask_checks(client: "LambdaClient", functions: Mapping[str, str]) -> Iterator[CheckResult]:
    """What each of the functions (name of the check → function) says of the version it knows."""
    for name, function in functions.items():
        response = client.invoke(FunctionName=function, Payload=b"{}")
        answer = json.loads(response["Payload"].read())
        passed = "FunctionError" not in response and answer["status"] == "Succeeded"
        disagreements = answer.get("disagreements") or [answer.get("errorMessage", "it agrees")]
        yield CheckResult(name, passed, "; ".join(disagreements))
