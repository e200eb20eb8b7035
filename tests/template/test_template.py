"""What holds for the templates as wholes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.local.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, FUNCTIONS, NESTED, TEMPLATE, resources_of

ALL = [TEMPLATE, *NESTED]
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def references(node: Any) -> set[str]:
    """Logical ids that a node refers to, conditions left out."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set()
    for key, value in node.items():
        if key == "Ref":
            found.add(value)
        elif key == "Fn::GetAtt":
            found.add(value[0] if isinstance(value, list) else value.partition(".")[0])
        elif key == "Fn::Sub":
            text = value[0] if isinstance(value, list) else value
            found |= {name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            found |= references(value[1]) if isinstance(value, list) else set()
        elif key == "DependsOn":
            found |= {value} if isinstance(value, str) else set(value)
        else:
            found |= references(value)
    return found


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_everything_is_described(path: Path):
    document = load_yaml(path)

    assert document["Description"]
    for section in ("Parameters", "Outputs"):
        for name, each in document.get(section, {}).items():
            assert each["Description"].endswith("."), name


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_wildcard_without_its_reason_beside_it(path: Path):
    lines = path.read_text().splitlines()
    in_policy = re.compile(r"\b(Action|Resource|Principal)s?: .*\*")
    for before, line in zip(["", *lines], lines, strict=False):
        if in_policy.search(line):
            assert "#" in line or before.strip().startswith("#"), f"{path.name}: {line.strip()}"


def test_roles_are_written_out_and_none_is_amazons():
    for name, function in FUNCTIONS.items():
        role = function["Properties"]["Role"]["Fn::GetAtt"][0]
        assert "Policies" not in function["Properties"], name
        assert "ManagedPolicyArns" not in DOCUMENT["Resources"][role]["Properties"]


def test_no_two_functions_share_a_role():
    roles = [function["Properties"]["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()]

    assert len(set(roles)) == len(roles)


def test_nothing_waits_for_itself(translated: dict[str, Any]):
    # cfn-lint does not follow UpdatePolicy, and CodeDeploy's groups are referred to from there.
    waits_for = {
        name: references(resource) & translated["Resources"].keys()
        for name, resource in translated["Resources"].items()
    }
    assert "ClassifierFunctionDeploymentGroup" in waits_for["ClassifierFunctionAliaslive"]
    while ready := [name for name, others in waits_for.items() if not others]:
        for name in ready:
            del waits_for[name]
        for others in waits_for.values():
            others -= set(ready)

    assert not waits_for, f"a circle among {sorted(waits_for)}"


def test_a_deployment_is_gradual_and_watched():
    for name in ("ClassifierFunction", "FeedbackFunction"):
        preference = FUNCTIONS[name]["Properties"]["DeploymentPreference"]
        alarms = name.replace("Function", "Alarms")
        assert preference["Type"] == {"Ref": "Rollout"}
        assert preference["Alarms"] == [
            {"Fn::GetAtt": [alarms, "Outputs.Errors"]},
            {"Fn::GetAtt": [alarms, "Outputs.Slow"]},
        ]
        watched = DOCUMENT["Resources"][alarms]["Properties"]["Parameters"]["FunctionName"]
        assert watched == {"Ref": name}
    assert DOCUMENT["Parameters"]["Rollout"]["Default"].startswith("Canary")


def test_golden_photos_come_before_traffic(translated: dict[str, Any]):
    update = translated["Resources"]["ClassifierFunctionAliaslive"]["UpdatePolicy"]
    hook = update["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"]["Ref"]
    check = FUNCTIONS["DeploymentCheckFunction"]["Properties"]

    version = translated["Resources"][hook]
    assert version["Type"] == "AWS::Lambda::Version"
    assert version["Properties"]["FunctionName"] == {"Ref": "DeploymentCheckFunction"}
    assert check["Environment"]["Variables"]["GOLDEN_DIR"] == "/var/task/golden"  # as its image has
    assert check["Environment"]["Variables"]["NEW_VERSION"] == {"Ref": "ClassifierFunction.Version"}


def test_every_function_with_traffic_has_its_alarms():
    alarms = load_yaml(ROOT / "infra" / "alarms.yaml")["Resources"]
    stacks = resources_of("AWS::CloudFormation::Stack")
    watched = {
        stack["Parameters"]["FunctionName"]["Ref"]
        for stack in stacks.values()
        if stack["TemplateURL"] == "infra/alarms.yaml"
    }

    assert watched == {name for name, each in FUNCTIONS.items() if "Events" in each["Properties"]}
    assert set(alarms) == {
        *("ErrorsAlarm", "SlowAlarm", "ThrottlesAlarm", "SpillOverAlarm", "LogBudgetAlarm")
    }
    assert all(alarm["Properties"]["AlarmActions"] for alarm in alarms.values())


def test_nested_stacks_get_the_parameters_they_declare():
    for name, stack in resources_of("AWS::CloudFormation::Stack").items():
        nested = load_yaml(ROOT / stack["TemplateURL"]).get("Parameters", {})
        given = set(stack.get("Parameters", {}))
        required = {each for each, details in nested.items() if "Default" not in details}
        assert required <= given <= set(nested), name


def test_outputs_of_nested_stacks_that_are_used_exist():
    stacks = resources_of("AWS::CloudFormation::Stack")
    used = re.findall(r"!GetAtt (\w+)\.Outputs\.(\w+)", TEMPLATE.read_text())

    assert used
    for stack, output in used:
        assert output in load_yaml(ROOT / stacks[stack]["TemplateURL"])["Outputs"], (stack, output)


def test_the_apis_own_errors_have_cors_headers_too():
    # An HTTP API adds them to every answer, its own errors included, where they are configured.
    cors = DOCUMENT["Resources"]["Api"]["Properties"]["CorsConfiguration"]

    assert cors["AllowMethods"] == ["GET", "POST"]
    assert cors["AllowHeaders"] == ["content-type"]
    assert {"x-request-id", "x-environment-id", "x-cold-start", "server-timing"} <= set(
        cors["ExposeHeaders"]
    )
    assert "AllowCredentials" not in cors


def test_the_api_is_throttled_and_its_log_knows_no_addresses():
    api = DOCUMENT["Resources"]["Api"]["Properties"]

    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "RateLimit"}
    assert api["DefaultRouteSettings"]["ThrottlingBurstLimit"] == {"Ref": "BurstLimit"}
    assert "$context.requestId" in api["AccessLogSettings"]["Format"]
    assert "sourceIp" not in api["AccessLogSettings"]["Format"]


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_samconfig_gives_only_what_the_template_takes(env: str):
    settings = CONFIG[env]["global"]["parameters"]
    for override in settings["parameter_overrides"]:
        name, _, value = override.partition("=")
        parameter = DOCUMENT["Parameters"][name]
        assert value in map(str, parameter.get("AllowedValues", [value])), override
    assert settings["stack_name"] == f"image-classifier-{env}"
    assert f"environment={env}" in CONFIG[env]["deploy"]["parameters"]["tags"]


def test_no_parameter_holds_a_secret():
    assert not any("NoEcho" in each for each in DOCUMENT["Parameters"].values())
    (secret,) = resources_of("AWS::SecretsManager::Secret").values()
    assert secret["GenerateSecretString"]["PasswordLength"] >= 32


@pytest.mark.parametrize("name", ["ClassifierFunction", "FeedbackFunction"])
def test_the_receipt_key_comes_from_the_secret_anew_with_each_rotation(name: str):
    variables = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]

    assert variables["RECEIPT_KEY"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${ReceiptKey}:SecretString}}"
    }
    assert variables["RECEIPT_KEY_ROTATION"] == {"Ref": "ReceiptKeyRotation"}


def test_feedback_knows_a_new_receipt_key_before_the_classifier_signs_with_it():
    assert FUNCTIONS["ClassifierFunction"]["DependsOn"] == "FeedbackFunctionAliaslive"
    previous = FUNCTIONS["FeedbackFunction"]["Properties"]["Environment"]["Variables"][
        "PREVIOUS_RECEIPT_KEY"
    ]["Fn::If"]
    assert previous[0] == "KeyWasRotated"
    assert "AWSPREVIOUS" in previous[1]["Fn::Sub"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_anchors_as_cloudformation_reads_none(path: Path):
    assert not re.search(r"(?:: |- )[&*]\w+", path.read_text())


def test_restoring_feedback_learns_from_the_stack_how_long_it_is_kept():
    variables = FUNCTIONS["FeedbackFunction"]["Properties"]["Environment"]["Variables"]

    assert DOCUMENT["Outputs"]["FeedbackRetentionDays"]["Value"] == variables["RETENTION_DAYS"]
