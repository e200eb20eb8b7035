"""``make collection`` beside a ``make run`` that is at work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.commands.launch import Service, start_service, wait_until_up
from infra.local.machine.processes import still_running
from tests.collection.conftest import BAD, MANY, Process
from tests.collection.test_command import finish, rows_of, shards_of
from tests.conftest import LIMIT_S, wait_until

WORKER = "FolderWorkerFunction"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = start_service(tmp_path / "data", "--model", "efficientnet-lite0", "--skip-check")
    wait_until_up(service)
    yield service
    kill(service)


def kill(service: Service) -> None:
    processes = service.descendants()
    service.process.kill()
    service.process.wait()
    assert not still_running([process.pid for process in processes], LIMIT_S)


def test_a_running_service_classifies_to_the_same_rows(
    service: Service, begin: Callable[..., Process], tmp_path: Path
):
    code, output, errors = finish(begin())

    assert code == 0, errors
    assert "Classified by the make run that is at work." in output
    batches = [report for report in service.reports() if report.function == WORKER]
    assert len(batches) == 1 + len(shards_of(tmp_path / "sorted"))
    assert finish(begin("--data", str(tmp_path / "other"), output="alone"))[0] == 0
    assert rows_of(tmp_path / "sorted") == rows_of(tmp_path / "alone")


@pytest.mark.parametrize("photos", [MANY], indirect=True)
def test_when_the_service_is_killed_the_command_goes_on_alone(
    service: Service, begin: Callable[..., Process], tmp_path: Path
):
    process = begin("--concurrency", "1")
    wait_until(lambda: shards_of(tmp_path / "sorted"))
    kill(service)

    code, _, errors = finish(process)

    assert code == 1
    assert "make run" in errors
    assert "The same command goes on" in errors
    code, output, _ = finish(begin())
    assert code == 0
    assert "at work" not in output
    assert len(rows_of(tmp_path / "sorted")) == MANY + BAD
