"""What holds for the templates as wholes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, FUNCTIONS, NESTED, TEMPLATE, resources_of

ALL = [TEMPLATE, *NESTED]
BASICS = load_yaml(ROOT / "infra" / "function.yaml")
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def references(node: Any) -> set[str]:
    """Logical ids that a node refers to, conditions left out."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    names = set()
    for key, value in node.items():
        if key == "Ref":
            names.add(value)
        elif key == "Fn::GetAtt":
            names.add(value[0] if isinstance(value, list) else value.partition(".")[0])
        elif key == "Fn::Sub":
            text = value[0] if isinstance(value, list) else value
            names |= {name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            names |= references(value[1]) if isinstance(value, list) else set()
        elif key == "DependsOn":
            names |= {value} if isinstance(value, str) else set(value)
        else:
            names |= references(value)
    return names


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_everything_is_described(path: Path):
    document = load_yaml(path)

    assert document["Description"]
    for section in ("Parameters", "Outputs"):
        for name, entry in document.get(section, {}).items():
            assert entry["Description"].endswith("."), name


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_wildcard_without_its_reason_beside_it(path: Path):
    lines = path.read_text().splitlines()
    in_policy = re.compile(r"\b(Action|Resource|Principal)s?: .*\*")
    for before, line in zip(["", *lines], lines, strict=False):
        if in_policy.search(line):
            assert "#" in line or before.strip().startswith("#"), f"{path.name}: {line.strip()}"


def test_every_function_has_a_role_and_a_log_of_its_own():
    names = set()
    for name, function in FUNCTIONS.items():
        stack, output = function["Properties"]["Role"]["Fn::GetAtt"][0].split("."), "RoleArn"
        assert function["Properties"]["Role"] == {"Fn::GetAtt": [stack[0], f"Outputs.{output}"]}
        basics = DOCUMENT["Resources"][stack[0]]["Properties"]
        assert basics["TemplateURL"] == "infra/function.yaml", name
        assert basics["Parameters"]["LogRetentionDays"] == {"Ref": "LogRetentionDays"}
        names.add(basics["Parameters"]["Name"])
        assert function["Properties"]["LoggingConfig"]["LogGroup"] == {
            "Fn::GetAtt": [stack[0], "Outputs.LogGroup"]
        }
        assert "Policies" not in function["Properties"], name

    assert len(names) == len(FUNCTIONS)


def test_no_role_is_amazons():
    roles = {**resources_of("AWS::IAM::Role"), **resources_of("AWS::IAM::Role", BASICS)}

    assert all("ManagedPolicyArns" not in role for role in roles.values())


def test_what_is_granted_beside_logging_is_of_one_function():
    for name, policy in resources_of("AWS::IAM::Policy").items():
        (role,) = policy["Roles"]
        assert role["Fn::GetAtt"][0] == name.replace("Permissions", "Basics")


def test_nothing_waits_for_itself(translated: dict[str, Any]):
    # cfn-lint does not follow UpdatePolicy, and CodeDeploy's groups are referred to from there.
    waits_for = {
        name: references(resource) & translated["Resources"].keys()
        for name, resource in translated["Resources"].items()
    }
    assert "ClassifierFunctionDeploymentGroup" in waits_for["ClassifierFunctionAliaslive"]
    while ready := [name for name, dependencies in waits_for.items() if not dependencies]:
        for name in ready:
            del waits_for[name]
        for dependencies in waits_for.values():
            dependencies -= set(ready)

    assert not waits_for, f"a circle among {sorted(waits_for)}"


@pytest.mark.parametrize("name", ["Classifier", "Feedback"])
def test_a_deployment_is_gradual_checked_and_watched(name: str, translated: dict[str, Any]):
    preference = FUNCTIONS[f"{name}Function"]["Properties"]["DeploymentPreference"]
    watched = DOCUMENT["Resources"][f"{name}Alarms"]["Properties"]["Parameters"]
    group = translated["Resources"][f"{name}FunctionDeploymentGroup"]["Properties"]
    update = translated["Resources"][f"{name}FunctionAliaslive"]["UpdatePolicy"]

    assert preference["Type"] == {"Ref": "Rollout"}
    condition, heeded, ignored = group["AlarmConfiguration"]["Fn::If"]
    assert heeded["Enabled"] is True
    assert [alarm["Name"]["Fn::GetAtt"] for alarm in heeded["Alarms"]] == [
        [f"{name}Alarms", f"Outputs.{alarm}"] for alarm in ("Errors", "ServerErrors", "Slow")
    ]
    assert condition == "HeedsAlarms"
    # without any, CodeDeploy would keep the alarms it has (SAM's #2452)
    assert [alarm["Name"]["Fn::GetAtt"] for alarm in ignored["Alarms"]] == [
        [f"{name}Alarms", "Outputs.LogBudget"]
    ]
    assert watched["FunctionName"] == {"Ref": f"{name}Function"}
    # CloudFormation asks for a function's name, and runs its newest code
    hook = update["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"]
    assert hook == {"Ref": f"{name}CheckFunction"}
    assert DOCUMENT["Parameters"]["Rollout"]["Default"].startswith("Canary")


@pytest.mark.parametrize("name", ["Classifier", "Feedback"])
def test_a_check_is_of_the_version_that_is_deployed_with_it(name: str, translated: dict[str, Any]):
    check = translated["Resources"][f"{name}CheckFunction"]["Properties"]
    alias = translated["Resources"][f"{name}FunctionAliaslive"]["Properties"]

    version = check["Environment"]["Variables"]["NEW_VERSION"]
    assert translated["Resources"][version["Ref"]]["Type"] == "AWS::Lambda::Version"
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version["Ref"], "Version"]}


def test_the_golden_photos_are_where_the_image_has_them():
    variables = FUNCTIONS["ClassifierCheckFunction"]["Properties"]["Environment"]["Variables"]

    assert variables["GOLDEN_DIR"] == "/var/task/golden"


@pytest.mark.parametrize("name", ["Classifier", "Feedback"])
def test_the_alarm_on_server_errors_watches_what_the_function_emits(name: str):
    watched = DOCUMENT["Resources"][f"{name}Alarms"]["Properties"]["Parameters"]
    emitted = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[f"{name}Function"]["Properties"]["Environment"]["Variables"]
    alarms = load_yaml(ROOT / "infra" / "alarms.yaml")["Resources"]
    alarm = alarms["ServerErrorsAlarm"]["Properties"]

    assert watched["MetricsNamespace"] == emitted["POWERTOOLS_METRICS_NAMESPACE"]
    assert watched["Service"] == own["POWERTOOLS_SERVICE_NAME"]
    assert alarm["Namespace"] == {"Ref": "MetricsNamespace"}
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "Service"}}]


def test_every_function_with_traffic_has_its_alarms():
    alarms = load_yaml(ROOT / "infra" / "alarms.yaml")["Resources"]
    stacks = resources_of("AWS::CloudFormation::Stack")
    watched = {
        stack["Parameters"]["FunctionName"]["Ref"]
        for stack in stacks.values()
        if stack["TemplateURL"] == "infra/alarms.yaml"
    }

    assert watched == {
        name for name, function in FUNCTIONS.items() if "Events" in function["Properties"]
    }
    assert set(alarms) == {
        *("ErrorsAlarm", "ServerErrorsAlarm", "SlowAlarm"),
        *("ThrottlesAlarm", "SpillOverAlarm", "LogBudgetAlarm"),
    }
    assert all(alarm["Properties"]["AlarmActions"] for alarm in alarms.values())


def test_nested_stacks_get_the_parameters_they_declare():
    for name, stack in resources_of("AWS::CloudFormation::Stack").items():
        nested = load_yaml(ROOT / stack["TemplateURL"]).get("Parameters", {})
        parameters = set(stack.get("Parameters", {}))
        required = {parameter for parameter, details in nested.items() if "Default" not in details}
        assert required <= parameters <= set(nested), name


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
    assert cors["AllowHeaders"] == ["content-type", "idempotency-key"]
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
    assert not any("NoEcho" in parameter for parameter in DOCUMENT["Parameters"].values())
    secrets = resources_of("AWS::SecretsManager::Secret").values()
    assert all(secret["GenerateSecretString"]["PasswordLength"] >= 32 for secret in secrets)


@pytest.mark.parametrize("name", ["ClassifierFunction", "FeedbackFunction"])
def test_the_receipt_key_comes_from_the_secret_anew_with_each_rotation(name: str):
    variables = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]

    assert variables["RECEIPT_KEY"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${ReceiptKey}:SecretString}}"
    }
    assert variables["RECEIPT_KEY_ROTATION"] == {"Ref": "ReceiptKeyRotation"}


def test_feedback_knows_a_new_receipt_key_before_the_classifier_signs_with_it():
    variables = FUNCTIONS["FeedbackFunction"]["Properties"]["Environment"]["Variables"]

    assert FUNCTIONS["ClassifierFunction"]["DependsOn"] == "FeedbackFunctionAliaslive"
    assert variables["PREVIOUS_RECEIPT_KEY"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${PreviousReceiptKey}:SecretString}}"
    }


def test_every_secret_that_is_read_has_what_is_read_of_it_from_the_start():
    """A stage such as AWSPREVIOUS, or a version, would be missing in a stack made anew."""
    read = re.findall(r"\{\{resolve:secretsmanager:\$\{(\w+)\}:([^}]*)\}\}", TEMPLATE.read_text())

    assert {secret for secret, _ in read} == set(resources_of("AWS::SecretsManager::Secret"))
    assert {selector for _, selector in read} == {"SecretString"}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_anchors_as_cloudformation_reads_none(path: Path):
    assert not re.search(r"(?:: |- )[&*]\w+", path.read_text())


def test_restoring_feedback_learns_from_the_stack_how_long_it_is_kept():
    variables = FUNCTIONS["FeedbackFunction"]["Properties"]["Environment"]["Variables"]

    assert DOCUMENT["Outputs"]["FeedbackRetentionDays"]["Value"] == variables["RETENTION_DAYS"]
