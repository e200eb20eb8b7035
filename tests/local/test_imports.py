"""Imports inside infra.local and infra.commands run one way, floor by floor."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

INFRA = Path(__file__).parents[2] / "infra"
FLOORS = {
    "account": set(),
    "machine": set(),
    "aws_lambda": {"machine", "account"},
    "http_api": {"aws_lambda", "account"},
    "sam": {"http_api", "aws_lambda", "account"},
    "aws": {"sam", "machine", "account"},
    "cloud": {"sam", "http_api", "aws_lambda", "machine"},
}
"""What each floor of infra.local may use besides itself."""


def imports(folder: Path) -> dict[str, set[str]]:
    """Module → what it imports of infra, both named from below infra."""
    graph: dict[str, set[str]] = {}
    for file in folder.rglob("*.py"):
        nodes = ast.walk(ast.parse(file.read_text()))
        names = {each.module or "" for each in nodes if isinstance(each, ast.ImportFrom)}
        module = ".".join(file.relative_to(INFRA).with_suffix("").parts).removesuffix(".__init__")
        graph[module] = {
            name.removeprefix("infra.") for name in names if name.split(".")[0] == "infra"
        }
    return graph


LOCAL = imports(INFRA / "local")
COMMANDS = imports(INFRA / "commands")


def test_there_is_no_cycle():
    order = list(TopologicalSorter(LOCAL | COMMANDS).static_order())

    assert {"local.http_api.gateway", "local.aws_lambda.emulator", "commands.run"} <= set(order)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_uses_only_those_below_it(floor: str):
    modules = {each: used for each, used in LOCAL.items() if each.split(".")[1:2] == [floor]}
    used = {name for names in modules.values() for name in names}

    assert modules
    assert {name.split(".")[0] for name in used} <= {"local"}
    assert {name.split(".")[1] for name in used} <= FLOORS[floor] | {floor}


def test_every_module_stands_on_a_floor():
    assert {module.split(".")[1] for module in LOCAL if "." in module} == set(FLOORS)


def test_commands_use_nothing_but_what_they_stand_on():
    used = {name.split(".")[0] for names in COMMANDS.values() for name in names}

    assert used == {"local", "commands"}


def test_only_the_service_knows_how_environments_are_run():
    for kind in ("emulator", "worker"):
        module = f"local.aws_lambda.{kind}"
        knows = {each for each, used in (LOCAL | COMMANDS).items() if module in used}
        assert knows <= {"local.aws_lambda.service", "commands.run"}
        assert "local.aws_lambda.service" in knows


def test_what_runs_inside_a_worker_needs_nothing_of_the_gateway():
    assert LOCAL["local.aws_lambda.worker_runtime"] == set()
