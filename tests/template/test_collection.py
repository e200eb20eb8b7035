"""The state machine of collections, as Step Functions will read it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

FILE = ROOT / "infra" / "collection.asl.json"
MACHINE = json.loads(FILE.read_text())
FUNCTIONS = {"PlanFunctionArn", "WorkerFunctionArn", "ReportFunctionArn"}
TRANSIENT = {
    f"Lambda.{name}"
    for name in (
        *("ClientExecutionTimeoutException", "ServiceException", "AWSLambdaException"),
        *("SdkClientException", "TooManyRequestsException"),
    )
}


def levels(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine, and those inside its maps."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from levels(state["ItemProcessor"])


LEVELS = list(levels(MACHINE))
TASKS = {n: s for m in LEVELS for n, s in m["States"].items() if s["Type"] == "Task"}
(MAP,) = (s for s in MACHINE["States"].values() if s["Type"] == "Map")


@pytest.mark.parametrize("level", LEVELS, ids=["parent", "child"])
def test_every_step_leads_on_to_the_end(level: dict[str, Any]):
    name, visited = level["StartAt"], []
    while name is not None:
        visited.append(name)
        state = level["States"][name]
        assert ("Next" in state) != state.get("End", False)
        name = state.get("Next")

    assert sorted(visited) == sorted(level["States"])


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again_where_lambda_failed(name: str):
    retry = TASKS[name]["Retry"][0]

    assert set(retry["ErrorEquals"]) == TRANSIENT
    assert (retry["BackoffRate"], retry["JitterStrategy"]) == (2, "FULL")
    assert retry["MaxDelaySeconds"]
    assert TASKS[name]["TimeoutSeconds"]


def test_a_worker_that_raised_is_tried_again_as_photos_never_make_it_raise():
    errors = [retry["ErrorEquals"] for retry in TASKS["Classify batch"]["Retry"]]

    assert errors[1] == ["States.TaskFailed"]


def test_a_failed_map_does_not_start_everything_again():
    assert "Retry" not in MAP
    assert not {"ItemBatcher", "ResultWriter"} & MAP.keys()


def test_children_are_express_and_give_nothing_back():
    assert MAP["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "EXPRESS",
    }
    (child,) = MAP["ItemProcessor"]["States"].values()
    assert child["TimeoutSeconds"] < 300
    assert child["OutputPath"] is None
    assert MAP["ResultPath"] is None


def test_a_run_has_an_end():
    assert MACHINE["TimeoutSeconds"]


def test_cfn_lint_takes_it_and_looks_into_it(tmp_path: Path):
    """SAM's transform hides a definition from cfn-lint, so it gets it as a plain resource."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"
    states = MACHINE["States"] | {"Plan": MACHINE["States"]["Plan"] | {"Type": "Tusk"}}
    for name, machine in {"own": MACHINE, "broken": MACHINE | {"States": states}}.items():
        properties = {
            "RoleArn": "arn:aws:iam::123456789012:role/states",
            "StateMachineType": "STANDARD",
            "Definition": machine,
            "DefinitionSubstitutions": {name: arn + name for name in sorted(FUNCTIONS)},
        }
        resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
        template = json.dumps({"Resources": {"Machine": resource}})
        (tmp_path / f"{name}.json").write_text(template)

    command = [Path(sys.executable).with_name("cfn-lint"), "--format", "json", "own.json"]
    done = subprocess.run([*command, "broken.json"], cwd=tmp_path, capture_output=True, check=False)

    findings = json.loads(done.stdout)
    assert {finding["Filename"] for finding in findings} == {"broken.json"}
    assert any("Tusk" in finding["Message"] for finding in findings)
