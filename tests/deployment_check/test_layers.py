"""Which way the check's imports run."""

import pytest

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
