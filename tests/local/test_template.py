"""template.yaml → functions and routes."""

from pathlib import Path

import pytest

from infra.local.http_api.routing import Route
from infra.local.sam.intrinsics import TemplateError
from infra.local.sam.template import read_template
from tests.conftest import ROOT

FUNCTION = """
Globals:
  Function:
    PackageType: Image
    Timeout: 7
    Environment: {Variables: {SHARED: all, OWN: global}}
Parameters:
  Memory: {Type: Number, Default: 512}
  Level: {Type: String, Default: INFO, AllowedValues: [INFO, DEBUG]}
  Secret: {Type: String}
Conditions:
  Big: !Equals [!Ref Memory, 1024]
  Never: !And [!Condition Big, !Not [!Condition Big]]
Mappings: {Sizes: {big: {mb: 2048}}}
Resources:
  Table: {Type: "AWS::DynamoDB::Table"}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: code}
    Properties:
      ImageConfig: {Command: [app.handler]}
      MemorySize: %(memory)s
      Environment: {Variables: {OWN: "%(own)s", VALUE: %(value)s}}
      %(more)s
      Events:
        Get: {Type: HttpApi, Properties: {Method: get, Path: /a}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""


def read(folder: Path, parameters=None, environment=None, text=FUNCTION, own=None, **fields: str):
    defaults = {"memory": "!Ref Memory", "own": "function", "value": "x", "more": "Timeout: 7"}
    path = folder / "template.yaml"
    path.write_text(text % (defaults | fields))
    return read_template(path, parameters, environment, own)


def value(folder: Path, expression: str, **parameters: str) -> str:
    return read(folder, parameters, value=expression).functions[0].environment["VALUE"]


def test_reads_the_projects_own_template():
    template = read_template(ROOT / "template.yaml", {}, {"RECEIPT_KEY": "k" * 32})

    classifier = next(
        function for function in template.functions if function.name == "ClassifierFunction"
    )
    assert classifier.handler == "image_classifier.handler.handler"
    assert classifier.code_folder == ROOT / "functions"
    assert classifier.memory_mb == 1769
    assert classifier.timeout_s < 29
    assert classifier.provisioned_concurrency == 0
    assert Route("ANY", "/v1/predict", "ClassifierFunction") in template.routes


def test_provisioned_concurrency_follows_its_parameter():
    template = read_template(
        ROOT / "template.yaml", {"ProvisionedConcurrency": "3"}, {"RECEIPT_KEY": "k" * 32}
    )

    assert template.functions[0].provisioned_concurrency == 3


def test_globals_merge_and_the_function_wins(tmp_path: Path):
    function = read(tmp_path).functions[0]

    assert function.environment == {"SHARED": "all", "OWN": "function", "VALUE": "x"}
    assert function.timeout_s == 7
    assert function.memory_mb == 512
    assert function.code_folder == tmp_path / "code"


def test_only_http_events_become_routes(tmp_path: Path):
    assert read(tmp_path).routes == (Route("GET", "/a", "Worker"),)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("!Sub '${Level}-${AWS::Region}-${!Level}'", "INFO-us-east-1-${Level}"),
        ("!Sub ['${A}-${Level}', {A: !Ref Memory}]", "512-INFO"),
        ("!If [Big, yes-big, small]", "small"),
        ("!If [Never, a, b]", "b"),
        ("!Join ['/', [a, !Ref Level]]", "a/INFO"),
        ("!Select [1, !Split [',', 'x,y']]", "y"),
        ("!FindInMap [Sizes, big, mb]", "2048"),
        ("!Ref Table", "Table"),
        ("{'Fn::Or': [false, {'Condition': Big}]}", "False"),
    ],
)
def test_evaluates_intrinsics(tmp_path: Path, expression: str, result: str):
    assert value(tmp_path, expression) == result


def test_conditions_follow_parameters(tmp_path: Path):
    assert value(tmp_path, "!If [Big, yes-big, small]", Memory="1024") == "yes-big"


def test_no_value_leaves_its_key_out(tmp_path: Path):
    function = read(tmp_path, value="!If [Big, x, !Ref AWS::NoValue]").functions[0]

    assert "VALUE" not in function.environment


def test_a_given_variable_is_not_evaluated(tmp_path: Path):
    function = read(tmp_path, {}, {"VALUE": "given"}, value="!GetAtt Secret.Arn").functions[0]

    assert function.environment["VALUE"] == "given"


def test_reserved_concurrency_is_read(tmp_path: Path):
    template = read(tmp_path, more="ReservedConcurrentExecutions: 4")

    assert template.functions[0].reserved_concurrency == 4


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": "!Ref Secret"}, "Worker: Secret has no value"),
        ({"value": "!GetAtt Table.StreamArn"}, "Table.StreamArn"),
        ({"value": "!Sub '${Table.StreamArn}'"}, "Table.StreamArn"),
        ({"value": "!Ref Nothing"}, "Nothing has no value"),
        ({"value": "!If [Missing, a, b]"}, "no condition Missing"),
        ({"value": "!Select [7, [a]]"}, "Worker: not understood"),
        ({"memory": "lots"}, "Worker: not understood"),
        ({"more": "PackageType: Zip"}, "PackageType Image"),
        ({"more": "ImageConfig: {Command: []}"}, "ImageConfig.Command"),
    ],
)
def test_names_what_cannot_be_stood_up(tmp_path: Path, fields: dict[str, str], message: str):
    with pytest.raises(TemplateError, match="template") as caught:
        read(tmp_path, **fields)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Unknown": "1"}, "no parameter Unknown"),
        ({"Memory": "much"}, "must be a whole number"),
        ({"Level": "LOUD"}, "must be one of INFO, DEBUG"),
    ],
)
def test_refuses_parameters_the_template_does_not_allow(tmp_path: Path, parameters, message: str):
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, parameters)


@pytest.mark.parametrize("text", ["[a, b]", "a: [", "Resources: {}"])
def test_refuses_what_is_no_template(tmp_path: Path, text: str):
    with pytest.raises(TemplateError):
        read(tmp_path, text=text)


WITHOUT_ROUTES = """
  Nightly:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: code}
    Properties:
      ImageConfig: {Command: [nightly.handler]}
      Environment: {Variables: {WORKER: !Ref Worker.Version, %(variable)s}}
"""


def test_a_function_without_routes_is_kept(tmp_path: Path):
    template = read(tmp_path, text=FUNCTION + WITHOUT_ROUTES, variable="A: b")

    nightly = next(function for function in template.functions if function.name == "Nightly")
    assert nightly.handler == "nightly.handler"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Worker"
    assert nightly.environment["WORKER"] == f"{arn}:$LATEST"
    assert {route.function for route in template.routes} == {"Worker"}


def test_a_function_without_routes_that_cannot_run_is_named_with_the_reason(tmp_path: Path):
    template = read(tmp_path, text=FUNCTION + WITHOUT_ROUTES, variable="A: !GetAtt Table.StreamArn")

    assert [function.name for function in template.functions] == ["Worker"]
    assert template.left_out.keys() == {"Nightly"}
    assert "Table.StreamArn" in template.left_out["Nightly"]


def test_variables_of_one_function_are_not_given_to_another(tmp_path: Path):
    text = FUNCTION + WITHOUT_ROUTES
    template = read(
        tmp_path, {}, {"ALL": "1"}, text, variable="VALUE: own", own={"Worker": {"VALUE": "given"}}
    )

    worker, nightly = template.functions
    assert (worker.environment["VALUE"], worker.environment["ALL"]) == ("given", "1")
    assert (nightly.environment["VALUE"], nightly.environment["ALL"]) == ("own", "1")


def test_refuses_one_route_for_two_functions(tmp_path: Path):
    head, _, worker = FUNCTION.partition("  Worker:")
    both = head + "  Worker:" + worker + "  Other:" + worker
    with pytest.raises(TemplateError, match="GET /a"):
        read(tmp_path, text=both)
