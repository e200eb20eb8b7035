"""What ``make deploy`` gives the template."""

import json
from pathlib import Path

import pytest

from image_classifier.artifact import Bins, Calibration
from infra.deploy.__main__ import main
from infra.deploy.errors import DeployFailed
from infra.deploy.parameters import effective_parameters
from infra.local.sam.intrinsics import load_yaml
from tests.classifier_fakes import calibrated_copy
from tests.conftest import ROOT

TEMPLATE = {
    "Parameters": {
        "Memory": {"Default": 1769},
        "Level": {"Default": ""},
        "Release": {"Default": ""},
    }
}


def test_every_parameter_is_spelled_out_and_the_last_value_stands():
    effective = effective_parameters(TEMPLATE, ["Level=INFO", "Memory=1024", "Level=a=b"])

    assert effective == {"Memory": "1024", "Level": "a=b", "Release": ""}


@pytest.mark.parametrize("override", ["Memry=1024", "Memory", "Release=1"])
def test_an_override_that_would_set_nothing_is_refused(override: str):
    with pytest.raises(DeployFailed, match=override):
        effective_parameters(TEMPLATE, [override])


def test_a_parameter_without_a_value_is_named():
    with pytest.raises(DeployFailed, match="Bucket"):
        effective_parameters({"Parameters": {"Bucket": {}}}, [])


def test_the_command_writes_what_sam_reads(tmp_path: Path):
    file = tmp_path / "deploy" / "prod.yaml"

    assert main(["parameters", "--env", "prod", "--file", str(file), "LogLevel=DEBUG"]) == 0

    written = json.loads(file.read_text())
    assert written.keys() == load_yaml(ROOT / "template.yaml")["Parameters"].keys()
    assert written["LogLevel"] == "DEBUG"
    assert written["LogRetentionDays"] == "90"  # as samconfig.toml has it
    assert written["AlarmEmail"] == ""


@pytest.mark.parametrize(
    ("overrides", "edges"), [((), "0.250000,2.000000"), (("EntropyEdges=",), "")]
)
def test_a_models_own_distribution_is_watched_unless_told_otherwise(
    tmp_path: Path,
    embedded_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: tuple[str, ...],
    edges: str,
):
    monkeypatch.chdir(tmp_path)  # the images are built from below it
    model = tmp_path / "build" / "models" / "mine"
    bins = Bins((0.25,), (0.5, 0.5))
    calibration = Calibration(1.0, 0.1, 0.1, 40, "photos", None, {"entropy": bins})
    (calibrated_copy(embedded_model, model, calibration) / "golden").mkdir()
    files = ("--template", f"{ROOT}/template.yaml", "--samconfig", f"{ROOT}/samconfig.toml")

    command = ["parameters", "--env", "prod", *files, "--file", "prod.yaml", "Model=mine"]
    assert main([*command, *overrides]) == 0

    written = json.loads(Path("prod.yaml").read_text())
    assert written["EntropyEdges"][: len("0.250000,2.000000")] == edges
    assert written["EntropyShares"].startswith("50.00,50.00,0.00")


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["ReservedConcurrency=10", "ProvisionedConcurrencyMax=11"], 1),
        (["ReservedConcurrency=10", "ProvisionedConcurrency=11"], 1),
        (["ReservedConcurrency=10", "ProvisionedConcurrencyMax=10"], 0),
        (["ReservedConcurrency=0", "ProvisionedConcurrency=5"], 0),
        (["ProvisionedConcurrency=5"], 0),
    ],
)
def test_no_more_is_provisioned_than_reserved(
    tmp_path: Path, overrides: list[str], code: int, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "samconfig.toml"
    file.write_text(
        f'[dev.global.parameters]\nstack_name = "a"\nparameter_overrides = {overrides}\n'
    )

    written = tmp_path / "dev.yaml"
    command = ["parameters", "--env", "dev", "--samconfig", str(file), "--file", str(written)]
    assert main(command) == code

    assert written.exists() is (code == 0)
    errors = capsys.readouterr().err
    assert ("is more than ReservedConcurrency=10" in errors) is (code == 1)
