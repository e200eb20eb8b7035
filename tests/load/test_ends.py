"""What is left of load tests that are ended from outside."""

from pathlib import Path

import psutil

from infra.local.machine.processes import is_running
from tests.conftest import LIMIT_S
from tests.load.conftest import children_with_locust, started


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that do not end."""
    _, alive = psutil.wait_procs(processes, timeout=LIMIT_S)
    return [process for process in alive if is_running(process.pid)]


def test_an_ended_comparison_leaves_nothing_running(tmp_path: Path):
    with started("compare", tmp_path, "--users", "1") as process:
        children = children_with_locust(process)
        process.terminate()
        process.communicate(timeout=LIMIT_S)

    assert process.returncode == 130
    assert running(children) == []


def test_a_killed_soak_leaves_nothing_running(tmp_path: Path):
    with started("soak", tmp_path, "--run-time", "1h") as soak:
        children = children_with_locust(soak)

    assert len(children) > 5
    assert running(children) == []
