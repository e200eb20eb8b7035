"""The Lambda handler of a check: CodeDeploy's pre-traffic hook, or asked by hand."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from deployment_check.aws import REPORT_S, report, target_version
from deployment_check.check import FAILED, SUCCEEDED, Log, disagreements
from deployment_check.request import Comparison

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient


def hook_handler(
    comparisons: Callable[[], Iterable[Comparison]],
    version: str,
    codedeploy: "CodeDeployClient",
    log: Log,
) -> Callable[[dict[str, str], Any], dict[str, Any]]:
    """CodeDeploy's two ids in, the verdict on ``version`` (an ARN) out.

    It is reported in any case, as CodeDeploy would wait an hour for a report that never comes, and
    is a failure where the deployment is about another version. Without the ids, as `make deploy`
    asks after a stack's creation, when no hook runs, nothing is reported.
    """

    def handler(event: dict[str, str], context: Any) -> dict[str, Any]:
        deployment = event.get("DeploymentId")

        def requests() -> Iterable[Comparison]:
            if deployment:
                yield _check_version(version, target_version(codedeploy, deployment, log))
            yield from comparisons()

        limit_s = context.get_remaining_time_in_millis() / 1000 - REPORT_S
        mismatches = disagreements(requests, limit_s, log)
        status = FAILED if mismatches else SUCCEEDED
        if deployment:
            report(codedeploy, event, status)
        return {"status": status, "version": version, "disagreements": mismatches}

    return handler


def _check_version(version: str, target: str | None) -> Comparison:
    number = version.rpartition(":")[2]
    mismatch = target not in (None, number)
    disagreement = f"CodeDeploy deploys version {target}, this check is of {number}"
    return Comparison(
        "the version", number, target or "not known", disagreement if mismatch else None
    )
