"""What the template promises of every function."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.parameters import RELEASE, effective_parameters
from infra.deploy.release import Contents, release_hash
from infra.local.http_api.gateway import TIMEOUT_S
from infra.local.sam.intrinsics import load_yaml
from infra.local.sam.template import read_template
from serving.settings import MB_PER_VCPU, threads_for
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, FUNCTIONS, TEMPLATE, resources_of, translate
from tests.test_architecture import imports_of

PARAMETERS = DOCUMENT["Parameters"]
ROUTES = {
    name: [
        event["Properties"]
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    for name, function in FUNCTIONS.items()
}
WITH_ROUTES = [name for name, routes in ROUTES.items() if routes]
DOCKERFILE = (ROOT / "functions" / "Dockerfile").read_text()
VARIABLES = {"RECEIPT_KEY": "k" * 32}


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
    template = read_template(TEMPLATE, {"ClassifierMemory": memory_mb}, VARIABLES)
    (classifier,) = [
        function for function in template.functions if function.name == "ClassifierFunction"
    ]

    assert threads_for(classifier.memory_mb, cpu_count=6) == threads
    assert "THREADS" not in " ".join(classifier.environment)


def test_one_thread_by_default():
    assert PARAMETERS["ClassifierMemory"]["Default"] == MB_PER_VCPU


def release(**parameters: str) -> str:
    """What a deployment with ``parameters`` says of itself."""
    effective = effective_parameters(DOCUMENT, [f"{n}={value}" for n, value in parameters.items()])
    return release_hash(Contents("commit", "template", ("image",), effective))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ReceiptKeyRotation", "2026-11-21"),
        ("ClassifierMemory", "3538"),
        ("LogLevel", "DEBUG"),
        ("Tracing", "Active"),
        ("Architecture", "arm64"),
    ],
)
def test_changed_parameters_are_another_release(name: str, value: str):
    assert release(**{name: value}) != release()
    assert release(**{name: value}) == release(**{name: value})


def test_another_release_publishes_every_function_anew_and_the_same_one_none():
    one, same, other = (
        set(resources_of("AWS::Lambda::Version", translate(**{RELEASE: release(LogLevel=level)})))
        for level in ("INFO", "INFO", "DEBUG")
    )

    assert len(one) == len(FUNCTIONS)
    assert one == same
    assert not one & other


@pytest.mark.parametrize("name", FUNCTIONS)
def test_traffic_comes_through_an_alias(name: str):
    assert DOCUMENT["Globals"]["Function"]["AutoPublishAlias"] == "live"
    assert FUNCTIONS[name]["Properties"]["AutoPublishCodeSha256"] == {"Ref": RELEASE}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_image_is_the_dockerfiles_target_with_its_handler(name: str):
    target = FUNCTIONS[name]["Metadata"]["DockerBuildTarget"]
    (handler,) = FUNCTIONS[name]["Properties"]["ImageConfig"]["Command"]
    stage = DOCKERFILE.partition(f" AS {target}\n")[2].partition("\nFROM ")[0]

    module = handler.removesuffix(".handler").replace(".", "/")
    assert handler.endswith(".handler")
    assert (ROOT / "functions" / f"{module}.py").exists()
    assert f"COPY {module.partition('/')[0]}" in stage


def test_the_classifiers_image_has_what_it_lists_of_other_functions_models():
    variables = FUNCTIONS["ClassifierFunction"]["Properties"]["Environment"]["Variables"]
    stage = DOCKERFILE.partition(" AS image_classifier\n")[2].partition("\nFROM ")[0]
    models = {
        f"/var/task/{path.parent.name}/model" for path in (ROOT / "functions").glob("*/model")
    }

    assert set(json.loads(variables["OTHER_MODELS"])) == models
    for folder in models:
        path = folder.removeprefix("/var/task/")
        assert f"COPY {path}/model.json ${{LAMBDA_TASK_ROOT}}/{path}/" in stage


def test_all_images_stand_on_one_pinned_base():
    default = PARAMETERS["BaseImage"]["Default"]

    assert f"\nARG BASE_IMAGE={default}\n" in DOCKERFILE
    own_stages = set(re.findall(r"^FROM \S+ AS (\S+)", DOCKERFILE, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - own_stages
    assert bases == {"${BASE_IMAGE}"}
    assert re.search(r":3\.\d+\.\d{4}(\.\d\d){3}$", default), "a tag that AWS never moves"


def yes(node: dict[str, Any]) -> dict[str, Any]:
    """What a node is where its condition, if it has one, holds."""
    return node.get("Fn::If", [None, node])[1]


def test_only_aliases_are_called(translated: dict[str, Any]):
    (api,) = resources_of("AWS::ApiGatewayV2::Api", translated).values()
    uris = [
        yes(yes(operation)["x-amazon-apigateway-integration"]["uri"])["Fn::Sub"]
        for path in api["Body"]["paths"].values()
        for method, operation in yes(path).items()
        if method != "parameters"
    ]

    assert len(uris) == sum(map(len, ROUTES.values()))
    assert all(re.search(r"functions/\$\{\w+Aliaslive\}/invocations", uri) for uri in uris)


def test_every_log_group_has_its_retention():
    basics = load_yaml(ROOT / "infra" / "function.yaml")
    groups = {**resources_of("AWS::Logs::LogGroup"), **resources_of("AWS::Logs::LogGroup", basics)}

    assert set(groups) == {"ApiLogs", "Logs"}
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def imports_of_folder(folder: Path) -> set[str]:
    names = set().union(*map(imports_of, folder.glob("*.py")))
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", WITH_ROUTES)
def test_every_variable_is_read_by_the_function(name: str):
    own = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]
    folders = ROOT / "functions"
    package = FUNCTIONS[name]["Properties"]["ImageConfig"]["Command"][0].partition(".")[0]
    imported = {package, "serving"} | imports_of_folder(folders / package)
    source = "".join(
        path.read_text() for folder in imported for path in (folders / folder).glob("*.py")
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
