"""What is reported to CodeDeploy, and what a call by hand returns."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from deployment_check.aws import REPORT_S
from deployment_check.hook import hook_handler
from deployment_check.request import Comparison
from tests.deployment_check.conftest import Lines

GOOD = Comparison("cat.png", "tabby 0.700", "tabby 0.690", None)
BAD = Comparison("dog.png", "beagle 0.900", "boxer 0.800", "another class")
VERSION = "arn:aws:lambda:us-east-1:123456789012:function:classifier:7"
EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: int((REPORT_S + 100) * 1000))


class CodeDeploy:
    """Deploys one version, and keeps the reports."""

    def __init__(self, version: str) -> None:
        properties = {"TargetVersion": version}
        self._content = json.dumps({"Resources": [{"f": {"Properties": properties}}]})
        self.reports: list[dict[str, str]] = []

    def get_deployment(self, **_: str) -> dict[str, Any]:
        return {"deploymentInfo": {"applicationName": "app", "revision": {}}}

    def get_application_revision(self, **_: Any) -> dict[str, Any]:
        return {"revision": {"string": {"content": self._content}}}

    def put_lifecycle_event_hook_execution_status(self, **report: str) -> None:
        self.reports.append(report)


def verdict(
    comparisons: list[Comparison], event: dict[str, str], codedeploy: CodeDeploy
) -> dict[str, Any]:
    return hook_handler(lambda: comparisons, VERSION, codedeploy, Lines())(event, CONTEXT)


@pytest.mark.parametrize(
    ("comparisons", "deployed", "status"),
    [([GOOD], "7", "Succeeded"), ([GOOD, BAD], "7", "Failed"), ([GOOD], "8", "Failed")],
    ids=["agrees", "disagrees", "another version"],
)
def test_reports_what_was_found(comparisons: list[Comparison], deployed: str, status: str):
    codedeploy = CodeDeploy(deployed)

    answer = verdict(comparisons, EVENT, codedeploy)

    ids = {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "hook-1"}
    assert codedeploy.reports == [ids | {"status": status}]
    assert answer["status"] == status


def test_a_check_of_another_version_says_so():
    (reason,) = verdict([GOOD], EVENT, CodeDeploy("8"))["disagreements"]

    assert "version 8" in reason


def test_a_call_by_hand_reports_nothing():
    codedeploy = CodeDeploy("8")

    answer = verdict([BAD], {}, codedeploy)

    assert codedeploy.reports == []
    assert answer == {
        "status": "Failed",
        "version": VERSION,
        "disagreements": ["dog.png: another class"],
    }


def test_a_report_that_cannot_be_sent_is_not_hidden():
    class Unreachable(CodeDeploy):
        def put_lifecycle_event_hook_execution_status(self, **_: str) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        verdict([GOOD], EVENT, Unreachable("7"))
