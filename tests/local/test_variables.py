"""What functions get here instead of the cloud's variables."""

import json
from pathlib import Path

from infra.commands.model import ServedModel
from infra.commands.variables import own_variables, shared_variables
from infra.local.sam.intrinsics import load_yaml
from infra.local.sam.template import Template, read_template
from tests.conftest import ROOT

AWS, LAMBDA = "http://127.0.0.1:1", "http://127.0.0.1:2"


def project(folder: Path) -> Template:
    own = own_variables(folder, ServedModel("m", folder / "m", fallback_from="resnet50"), folder)
    parameters = {"FrontDoors": "on"}
    return read_template(ROOT / "template.yaml", parameters, shared_variables(AWS, LAMBDA), own)


def test_every_function_of_the_project_runs(tmp_path: Path):
    template = project(tmp_path)

    declared = load_yaml(ROOT / "template.yaml")["Resources"].items()
    functions = {name for name, item in declared if item["Type"] == "AWS::Serverless::Function"}
    assert {function.name for function in template.functions} == functions
    assert template.left_out == {}


def test_the_model_is_the_classifiers_and_the_workers_alone(tmp_path: Path):
    functions = {function.name: function.environment for function in project(tmp_path).functions}

    workers = {"WorkerFunction", "CollectionWorkerFunction", "PhotoDoorsFunction"}
    named = {function for function in functions if "MODEL_DIR" in functions[function]}
    assert named == {"ClassifierFunction", *workers}
    assert "MODEL_FALLBACK_FROM" not in functions["CollectionWorkerFunction"]
    assert functions["FeedbackFunction"]["LABELS_FILE"] == str(tmp_path / "m" / "labels.json")
    assert "LABELS_FILE" not in functions["ClassifierFunction"]


def test_a_tabular_model_that_was_exported_is_served_and_listed(tmp_path: Path):
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "model.json").touch()

    functions = {function.name: function.environment for function in project(tmp_path).functions}

    assert functions["IrisFunction"]["MODEL_DIR"] == str(tmp_path / "iris")
    assert functions["TabularDoorsFunction"]["IRIS_MODEL_DIR"] == str(tmp_path / "iris")
    assert "FLIGHT_DELAY_MODEL_DIR" not in functions["TabularDoorsFunction"]
    assert "MODEL_DIR" not in functions["FlightDelayFunction"]
    listed = json.loads(functions["ClassifierFunction"]["OTHER_MODELS"])
    assert listed == [str(tmp_path / "iris"), "flight_delay/model"]


def test_receipts_are_signed_with_one_key_which_only_those_get_that_need_it(tmp_path: Path):
    functions = {function.name: function.environment for function in project(tmp_path).functions}

    keys = {
        name: variables["RECEIPT_KEY"]
        for name, variables in functions.items()
        if "RECEIPT_KEY" in variables
    }
    others = {"WorkerFunction", "FeedbackFunction", "FeedbackCheckFunction"}
    assert keys.keys() == {"ClassifierFunction", *others}
    assert len(set(keys.values())) == 1


def test_no_address_of_a_secret_stands_where_the_secret_should(tmp_path: Path):
    for function in project(tmp_path).functions:
        assert not any("{{resolve:" in value for value in function.environment.values())


def test_functions_call_each_other_here(tmp_path: Path):
    for function in project(tmp_path).functions:
        assert function.environment["AWS_ENDPOINT_URL"] == AWS
        assert function.environment["AWS_ENDPOINT_URL_LAMBDA"] == LAMBDA
