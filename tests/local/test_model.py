"""The artifact that serves: the one asked for, or the embedded one in its place."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.commands.model import ModelUnavailable, ServedModel, ensure_model

MODELS = Path("models")


class Exporter:
    """Exits as told, model by model."""

    def __init__(self, **exit_codes: int) -> None:
        self.exit_codes = exit_codes
        self.runs: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str]) -> int:
        self.runs.append(arguments)
        return self.exit_codes[arguments[1].replace("-", "_")]


def test_serves_the_model_asked_for():
    exporter, said = Exporter(resnet50=0), []

    model = ensure_model("resnet50", MODELS, exporter, said.append)

    assert model == ServedModel("resnet50", MODELS / "resnet50")
    assert exporter.runs == [["--model", "resnet50", "--output", "models/resnet50"]]
    assert said == []


def test_falls_back_to_the_embedded_model_and_says_so():
    exporter, said = Exporter(resnet50=3, efficientnet_lite0=0), []

    model = ensure_model("resnet50", MODELS, exporter, said.append)

    assert model == ServedModel("efficientnet-lite0", MODELS / "efficientnet-lite0", "resnet50")
    assert len(said) == 1
    assert "cannot be had" in said[0]
    assert "efficientnet-lite0" in said[0]


@pytest.mark.parametrize("name", ["resnet50", "my-own"])
def test_takes_a_model_that_is_there_as_it_is(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    (tmp_path / name / "model.json").touch()
    exporter = Exporter()

    assert ensure_model(name, tmp_path, exporter, [].append) == ServedModel(name, tmp_path / name)
    assert exporter.runs == []


def test_says_how_models_come_about_when_there_is_none_of_the_name():
    with pytest.raises(ModelUnavailable, match="make model"):
        ensure_model("my-own", MODELS, Exporter(), [].append)


@pytest.mark.parametrize(
    ("model", "exporter", "exit_code"),
    [
        ("resnet50", Exporter(resnet50=1), 1),
        ("efficientnet-lite0", Exporter(efficientnet_lite0=3), 3),
        ("resnet50", Exporter(resnet50=3, efficientnet_lite0=2), 2),
    ],
)
def test_any_other_failure_ends_the_start(model: str, exporter: Exporter, exit_code: int):
    with pytest.raises(ModelUnavailable) as caught:
        ensure_model(model, MODELS, exporter, [].append)

    assert caught.value.exit_code == exit_code
