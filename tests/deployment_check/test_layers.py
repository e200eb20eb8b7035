"""Which way the check's imports run."""

import re

import pytest

from infra.local.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.unit.test_architecture import FUNCTIONS, imports_of

LAYERS = [
    {"handler", "feedback_handler"},
    {"hook"},
    {"aws", "replay", "answers"},
    {"check", "golden"},
    {"request"},
]
PACKAGE = FUNCTIONS / "deployment_check"


def test_every_module_has_its_layer():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}

    assert modules == set.union(*LAYERS)


@pytest.mark.parametrize("row", range(len(LAYERS)))
def test_imports_point_inward(row: int):
    outer = {f"deployment_check.{name}" for name in set.union(*LAYERS[: row + 1])}
    for module in LAYERS[row]:
        assert not outer & imports_of(PACKAGE / f"{module}.py"), module


def test_all_images_build_the_model_in_the_same_words():
    """Or the build cache would not serve, and the photos might be of another model."""
    stages = set()
    for name in ("image_classifier", "feedback", "deployment_check"):
        text = (ROOT / "functions" / name / "Dockerfile").read_text()
        stage = text.partition(" AS export\n")[2].partition("\nFROM ")[0]
        assert "image_classifier.export" in stage
        stages.add(stage)

    assert len(stages) == 1


def test_all_images_stand_on_one_pinned_base():
    bases = {
        re.search(r"^ARG BASE_IMAGE=(.+)$", path.read_text(), flags=re.MULTILINE)[1]
        for path in FUNCTIONS.glob("*/Dockerfile")
    }
    default = load_yaml(ROOT / "template.yaml")["Parameters"]["BaseImage"]["Default"]

    assert bases == {default}
    assert re.search(r":3\.\d+\.\d{4}(\.\d\d){3}$", default), "a tag that AWS never moves"
