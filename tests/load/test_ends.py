"""What is left of load tests that are ended from outside."""

from pathlib import Path

from infra.local.machine.processes import still_running
from tests.conftest import LIMIT_S
from tests.load.conftest import children_with_locust, started


def test_an_ended_comparison_leaves_nothing_running(tmp_path: Path):
    with started("compare", tmp_path, "--users", "1") as process:
        pids = [child.pid for child in children_with_locust(process)]
        process.terminate()
        process.communicate(timeout=LIMIT_S)

    assert process.returncode == 130
    assert still_running(pids, LIMIT_S) == []


def test_a_killed_soak_leaves_nothing_running(tmp_path: Path):
    with started("soak", tmp_path, "--run-time", "1h") as soak:
        pids = [child.pid for child in children_with_locust(soak)]

    assert len(pids) > 5
    assert still_running(pids, LIMIT_S) == []
