"""What functions get here instead of the cloud's variables."""

from pathlib import Path

from infra.commands.model import ServedModel
from infra.commands.variables import own_variables, shared_variables
from infra.local.sam.template import Template, read_template
from tests.conftest import ROOT

AWS, LAMBDA = "http://127.0.0.1:1", "http://127.0.0.1:2"


def project(folder: Path) -> Template:
    own = own_variables(folder, ServedModel("m", folder / "m", fallback_from="resnet50"))
    return read_template(ROOT / "template.yaml", {}, shared_variables(AWS, LAMBDA), own)


def test_every_function_of_the_project_runs(tmp_path: Path):
    template = project(tmp_path)

    assert {function.name for function in template.functions} == {
        "ClassifierFunction",
        "FeedbackFunction",
        "ClassifierCheckFunction",
        "FeedbackCheckFunction",
    }
    assert template.left_out == {}


def test_the_model_is_the_classifiers_alone(tmp_path: Path):
    functions = {function.name: function.environment for function in project(tmp_path).functions}

    for name in ("MODEL_DIR", "MODEL_FALLBACK_FROM"):
        assert [function for function in functions if name in functions[function]] == [
            "ClassifierFunction"
        ]
    assert functions["FeedbackFunction"]["LABELS_FILE"] == str(tmp_path / "m" / "labels.json")
    assert "LABELS_FILE" not in functions["ClassifierFunction"]


def test_receipts_are_signed_with_one_key_which_only_those_get_that_need_it(tmp_path: Path):
    functions = {function.name: function.environment for function in project(tmp_path).functions}

    keys = {
        name: variables["RECEIPT_KEY"]
        for name, variables in functions.items()
        if "RECEIPT_KEY" in variables
    }
    assert keys.keys() == {"ClassifierFunction", "FeedbackFunction", "FeedbackCheckFunction"}
    assert len(set(keys.values())) == 1


def test_no_address_of_a_secret_stands_where_the_secret_should(tmp_path: Path):
    for function in project(tmp_path).functions:
        assert not any("{{resolve:" in value for value in function.environment.values())


def test_functions_call_each_other_here(tmp_path: Path):
    for function in project(tmp_path).functions:
        assert function.environment["AWS_ENDPOINT_URL"] == AWS
        assert function.environment["AWS_ENDPOINT_URL_LAMBDA"] == LAMBDA
