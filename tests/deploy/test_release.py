"""The parameters that a stack gets, and the hash that makes its functions new versions."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.__main__ import main
from infra.deploy.errors import DeployFailed
from infra.deploy.release import Contents, effective_parameters, image_uris, release_hash
from infra.local.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.deploy.aws import WHICH

TEMPLATE = {"Parameters": {"Memory": {"Default": 1769}, "Level": {"Default": ""}, "Release": {}}}
TEMPLATE["Parameters"]["Release"]["Default"] = ""
PARAMETERS = {"Memory": "1769", "Level": ""}
CONTENTS = Contents("commit", "Timeout: 20", ("i1", "i2"), PARAMETERS)


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


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "another"},
        {"template": "Timeout: 21"},
        {"images": ("i1", "i3")},
        {"parameters": PARAMETERS | {"Memory": "1024"}},
        {"failed": "2026-11-21 12:00:00"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_release_differs_within_its_first_ten_digits(change: dict[str, Any]):
    assert release_hash(CONTENTS)[:10] != release_hash(replace(CONTENTS, **change))[:10]


def test_a_release_is_the_same_for_the_same():
    before = replace(
        CONTENTS, images=("i2", "i1"), parameters=PARAMETERS | {"Release": "of the last time"}
    )

    assert release_hash(before) == release_hash(CONTENTS)


def test_a_function_that_was_not_built_is_named():
    function = {"Type": "AWS::Serverless::Function", "Properties": {}}

    with pytest.raises(DeployFailed, match="Classifier"):
        image_uris({"Resources": {"Classifier": function}})


def test_the_command_writes_what_sam_reads(tmp_path: Path):
    file = tmp_path / "deploy" / "prod.yaml"

    assert main(["parameters", "--env", "prod", "--file", str(file), "LogLevel=DEBUG"]) == 0

    written = json.loads(file.read_text())
    assert written.keys() == load_yaml(ROOT / "template.yaml")["Parameters"].keys()
    assert written["LogLevel"] == "DEBUG"
    assert written["LogRetentionDays"] == "90"  # as samconfig.toml has it
    assert written["AlarmEmail"] == ""


def test_a_release_needs_what_was_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["release", *WHICH, "--file", str(tmp_path / "prod.yaml")]) == 1
    assert "make images" in capsys.readouterr().err
