"""What the template promises of every function."""

import re
from typing import Any

import pytest

from image_classifier.runtime import MB_PER_VCPU, threads_for
from infra.local.gateway import TIMEOUT_S
from infra.local.template import read_template
from tests.template.conftest import DOCUMENT, FUNCTIONS, TEMPLATE, resources_of

PARAMETERS = DOCUMENT["Parameters"]
WITH_ROUTES = [name for name, each in FUNCTIONS.items() if "Events" in each["Properties"]]
GIVEN = {"RECEIPT_KEY": "k" * 32}


def longest_s(name: str) -> int:
    timeout = FUNCTIONS[name]["Properties"]["Timeout"]
    return PARAMETERS[timeout["Ref"]]["MaxValue"] if isinstance(timeout, dict) else timeout


@pytest.mark.parametrize("name", WITH_ROUTES)
def test_ends_before_the_gateway_gives_up(name: str):
    assert longest_s(name) < TIMEOUT_S


@pytest.mark.parametrize(
    ("memory_mb", "threads"), [("1280", 1), ("1769", 1), ("3538", 2), ("5307", 3), ("10240", 6)]
)
def test_the_classifiers_threads_follow_its_memory(memory_mb: str, threads: int):
    template = read_template(TEMPLATE, {"ClassifierMemory": memory_mb}, GIVEN)
    (classifier,) = [each for each in template.functions if each.name == "ClassifierFunction"]

    assert threads_for(classifier.memory_mb, cpu_count=6) == threads
    assert "THREADS" not in " ".join(classifier.environment)


def test_one_thread_by_default():
    assert PARAMETERS["ClassifierMemory"]["Default"] == MB_PER_VCPU


@pytest.mark.parametrize("name", FUNCTIONS)
def test_is_published_under_an_alias_whatever_of_it_changes(name: str):
    assert DOCUMENT["Globals"]["Function"]["AutoPublishAlias"] == "live"
    assert FUNCTIONS[name]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_only_aliases_are_called(translated: dict[str, Any]):
    (api,) = resources_of("AWS::ApiGatewayV2::Api", translated).values()
    uris = [
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for operations in api["Body"]["paths"].values()
        for operation in operations.values()
        if "x-amazon-apigateway-integration" in operation
    ]

    assert len(uris) == sum(len(FUNCTIONS[name]["Properties"]["Events"]) for name in WITH_ROUTES)
    assert all(re.search(r"functions/\$\{\w+Aliaslive\}/invocations", uri) for uri in uris)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_logs_where_logs_are_deleted_after_a_while(name: str):
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]

    retention = DOCUMENT["Resources"][group]["Properties"]["RetentionInDays"]
    assert retention == {"Ref": "LogRetentionDays"}


def test_every_log_group_has_its_retention():
    groups = resources_of("AWS::Logs::LogGroup")

    assert len(groups) == len(FUNCTIONS) + 1  # the API's own
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


@pytest.mark.parametrize("name", WITH_ROUTES)
def test_every_variable_is_read_by_the_function(name: str):
    own = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]
    package = FUNCTIONS[name]["Properties"]["ImageConfig"]["Command"][0].partition(".")[0]
    source = "".join(
        path.read_text()
        for folder in (package, "serving")
        for path in (TEMPLATE.parent / "functions" / folder).glob("*.py")
    )
    rotation = {"RECEIPT_KEY_ROTATION"}  # read by CloudFormation, see the template
    for variable in own.keys() - rotation:
        assert variable.startswith("POWERTOOLS_") or variable.lower() in source, variable


def test_architectures_are_a_parameter():
    assert DOCUMENT["Globals"]["Function"]["Architectures"] == [{"Ref": "Architecture"}]
    assert set(PARAMETERS["Architecture"]["AllowedValues"]) == {"x86_64", "arm64"}


def test_provisioned_concurrency_is_off_unless_asked_for(translated: dict[str, Any]):
    alias = translated["Resources"]["ClassifierFunctionAliaslive"]["Properties"]

    assert PARAMETERS["ProvisionedConcurrency"]["Default"] == 0
    assert alias["ProvisionedConcurrencyConfig"]["Fn::If"][0] == "HasProvisionedConcurrency"


def test_scaling_tracks_the_alias_between_the_two_parameters():
    (target,) = resources_of("AWS::ApplicationAutoScaling::ScalableTarget").values()
    (policy,) = resources_of("AWS::ApplicationAutoScaling::ScalingPolicy").values()

    assert target["ResourceId"] == {"Fn::Sub": "function:${ClassifierFunction}:live"}
    assert target["MinCapacity"] == {"Ref": "ProvisionedConcurrency"}
    assert target["MaxCapacity"] == {"Ref": "ProvisionedConcurrencyMax"}
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 0.7
