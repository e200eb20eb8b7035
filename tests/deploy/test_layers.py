"""Imports inside infra.deploy run one way, and reach into infra.local only for what reads files."""

import ast
from graphlib import TopologicalSorter

from tests.conftest import ROOT

PACKAGE = ROOT / "infra" / "deploy"


def imports() -> dict[str, set[str]]:
    return {
        file.stem: {
            node.module or ""
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        for file in PACKAGE.glob("*.py")
    }


def test_there_is_no_cycle():
    prefix = "infra.deploy."
    graph = {
        module: {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        for module, names in imports().items()
    }

    order = list(TopologicalSorter(graph).static_order())

    assert order[-1] in {"__main__", "__init__"}
    assert {"stack", "page", "publish", "release", "smoke"} <= set(order)


def test_of_the_local_cloud_only_what_reads_files_is_used():
    used = {name for names in imports().values() for name in names if "infra.local" in name}

    assert used == {
        *("infra.local.sam.intrinsics", "infra.local.http_api.static"),
        "infra.local.aws_lambda.report",  # one form of REPORT lines
    }
