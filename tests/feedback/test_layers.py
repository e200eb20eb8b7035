"""Which way feedback's imports run."""

import pytest

from tests.unit.test_architecture import FUNCTIONS, imports_of

# From the edge to the core: a module imports only what stands in a later row.
LAYERS = [
    {"handler"},
    {"routes", "settings", "dynamodb", "memory"},
    {"answer", "store", "summary"},
    {"schemas", "labels", "record"},
]


def test_every_module_has_its_layer():
    modules = {path.stem for path in (FUNCTIONS / "feedback").glob("*.py")} - {"__init__"}

    assert modules == set.union(*LAYERS)


@pytest.mark.parametrize("row", range(len(LAYERS)))
def test_imports_point_inward(row: int):
    outer = {f"feedback.{name}" for name in set.union(*LAYERS[: row + 1])}
    for module in LAYERS[row]:
        assert not outer & imports_of(FUNCTIONS / "feedback" / f"{module}.py"), module


COMPOSITION_ROOTS = {"handler", "__main__", "restore"}


def test_only_the_adapter_and_the_composition_roots_know_dynamodb():
    for path in (FUNCTIONS / "feedback").rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        if path.stem not in COMPOSITION_ROOTS | {"dynamodb"}:
            assert not roots & {"boto3", "botocore"}, path
