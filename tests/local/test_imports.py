"""Imports inside infra.local run one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "infra" / "local"


def imports() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for file in PACKAGE.glob("*.py"):
        nodes = ast.walk(ast.parse(file.read_text()))
        names = {each.module or "" for each in nodes if isinstance(each, ast.ImportFrom)}
        graph[file.stem] = {
            name.removeprefix("infra.local.") for name in names if name.startswith("infra.local.")
        }
    return graph


def test_there_is_no_cycle():
    order = list(TopologicalSorter(imports()).static_order())

    assert {"gateway", "concurrency", "emulator", "template"} <= set(order)


def test_only_the_cloud_knows_how_environments_are_run():
    graph = imports()

    for kind in ("emulator", "worker"):
        knows = {module for module, imported in graph.items() if kind in imported}
        assert knows <= {"cloud", "__main__"}
        assert "cloud" in knows


def test_what_runs_inside_a_worker_needs_nothing_of_the_gateway():
    assert imports()["worker_runtime"] == set()
