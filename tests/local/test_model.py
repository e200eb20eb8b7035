"""The artifact that serves: the one asked for, or the embedded one in its place."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.commands.model import (
    Exporter,
    ModelUnavailable,
    ServedModel,
    ensure_model,
    local_exporter,
)
from tests.conftest import ROOT

FUNCTIONS = ROOT / "functions"
EMBEDDED = FUNCTIONS / "image_classifier" / "models"
MODELS = Path("models")


class FakeExporter:
    """Exits as told; keeps what it was asked to do."""

    def __init__(self, weights: int = 0, build: int = 0) -> None:
        self.exit_codes = {"weights": weights, "build": build}
        self.builds: list[Sequence[str]] = []

    def build(self, arguments: Sequence[str]) -> int:
        self.builds.append(arguments)
        return self.exit_codes["build"]

    def as_exporter(self) -> Exporter:
        return Exporter(EMBEDDED, lambda: self.exit_codes["weights"], self.build)


def test_builds_resnet50_once_its_weights_are_within_reach():
    exporter, lines = FakeExporter(), []

    model = ensure_model("resnet50", MODELS, exporter.as_exporter(), lines.append)

    assert model == ServedModel("resnet50", MODELS / "resnet50")
    assert exporter.builds == [["--model", "resnet50", "--output", "models/resnet50"]]
    assert lines == []


@pytest.mark.parametrize(
    ("exporter", "builds"),
    [
        pytest.param(FakeExporter(weights=3), 0, id="out of reach: nothing is installed for them"),
        pytest.param(FakeExporter(build=3), 1, id="the download is cut off"),
    ],
)
def test_the_embedded_model_stands_in_and_that_is_said(exporter: FakeExporter, builds: int):
    lines: list[str] = []

    model = ensure_model("resnet50", MODELS, exporter.as_exporter(), lines.append)

    assert model == ServedModel("efficientnet-lite0", EMBEDDED / "efficientnet-lite0", "resnet50")
    assert len(exporter.builds) == builds
    (line,) = lines
    assert "cannot be had" in line
    assert "efficientnet-lite0" in line


def test_the_embedded_model_needs_no_exporter():
    exporter = FakeExporter(weights=1, build=1)

    model = ensure_model("efficientnet-lite0", MODELS, exporter.as_exporter(), [].append)

    assert model == ServedModel("efficientnet-lite0", EMBEDDED / "efficientnet-lite0")
    assert exporter.builds == []


@pytest.mark.parametrize("name", ["resnet50", "efficientnet-lite0", "my-own"])
def test_takes_a_model_that_was_built_as_it_is(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    (tmp_path / name / "model.json").touch()
    exporter = FakeExporter(weights=1, build=1)

    model = ensure_model(name, tmp_path, exporter.as_exporter(), [].append)

    assert model == ServedModel(name, tmp_path / name)
    assert exporter.builds == []


def test_says_how_models_come_about_when_there_is_none_of_the_name():
    with pytest.raises(ModelUnavailable, match="make model"):
        ensure_model("my-own", MODELS, FakeExporter().as_exporter(), [].append)


@pytest.mark.parametrize(
    ("exporter", "exit_code"), [(FakeExporter(weights=2), 2), (FakeExporter(build=4), 4)]
)
def test_any_other_failure_ends_the_start(exporter: FakeExporter, exit_code: int):
    with pytest.raises(ModelUnavailable) as caught:
        ensure_model("resnet50", MODELS, exporter.as_exporter(), [].append)

    assert caught.value.exit_code == exit_code


def test_without_a_network_weights_are_found_missing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "KERAS_HOME": str(tmp_path)}

    assert local_exporter(FUNCTIONS, nowhere).find_weights() == 3
    assert "no connection" in capfd.readouterr().err
