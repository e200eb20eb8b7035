"""Locust itself against a running service: every request accounted for, exit codes, overload."""

import csv
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.launch import ENVIRON, ROOT
from tests.conftest import Cloud, running_cloud


@pytest.fixture(scope="module")
def small_cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One environment and no queue: a second request at once is one too many."""
    data = tmp_path_factory.mktemp("small")
    with running_cloud(
        data, embedded_model.parent, "--environments", "1", "--queue", "0"
    ) as running:
        yield running


def run(url: str, output: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    shared = ("--url", url, "--run-time", "3s", "--spawn-rate", "20", "--output", str(output))
    # Generated photos, so that the test is the same everywhere.
    environ = {name: value for name, value in ENVIRON.items() if name != "PHOTOS_DIR"}
    return subprocess.run(
        [sys.executable, "-m", "loadtest", "run", *shared, *options],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rows_of(output: Path) -> list[dict[str, str]]:
    (table,) = output.glob("*-run/requests.csv")
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def requests_of(cloud: Cloud, since_s: float) -> Counter[str]:
    lines = (cloud.data / "logs" / "requests.jsonl").read_text().splitlines()
    records = (json.loads(line) for line in lines)
    return Counter(each["request_id"] for each in records if each["time"] >= since_s)


def test_two_processes_account_for_every_request_that_the_gateway_saw(cloud: Cloud, tmp_path: Path):
    time.sleep(1)  # the record of the fixture's own last question comes after its answer
    began_s = time.time()

    # A port of its own: another master on this machine would get its workers.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    options = ("--users", "16", "--processes", "2", "--run-time", "12s", "--data", str(cloud.data))
    ports = ("--master-bind-port", port, "--master-port", port)
    done = run(cloud.url, tmp_path, *options, *ports)

    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(tmp_path)
    functions = [row for row in rows if row["name"] != "GET /"]
    assert {row["outcome"] for row in rows} == {"ok"}
    assert {row["name"] for row in rows} >= {"GET /", "POST /v1/predict", "POST /v1/feedback"}
    assert Counter(row["request_id"] for row in functions) == requests_of(cloud, began_s)
    for row in functions:
        assert row["request_id"] == row["server_request_id"]
        assert row["environment_id"] == row["server_environment_id"]


def test_a_broken_threshold_is_named_and_sets_the_exit_code(cloud: Cloud, tmp_path: Path):
    done = run(cloud.url, tmp_path, "--user", "Labels", "--users", "2", "--max-p95-ms", "0")

    assert done.returncode == 1
    assert "**Failed: none of" in done.stdout
    assert "above --max-p95-ms 0" in done.stdout.partition("**Failed")[2]


def test_overload_is_refused_and_not_failed(small_cloud: Cloud, tmp_path: Path):
    done = run(
        small_cloud.url, tmp_path, "--user", "Predict", "--users", "8", "--max-error-rate", "0"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(tmp_path)
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) == {"ok", "refused"}
    # Who is refused waits for a second at least: three seconds hold no more than four tries each.
    assert outcomes["refused"] <= 8 * 4


def test_a_wrong_answer_fails_the_run(cloud: Cloud, tmp_path: Path):
    # The same page, but a text that is not it.
    done = run(cloud.url, tmp_path, "--user", "Index", "--users", "1", "--page-url", "/app.js")

    assert done.returncode == 1
    assert {row["reason"] for row in rows_of(tmp_path)} == {"not the whole page"}


def test_a_service_that_is_not_there_fails_the_run(tmp_path: Path):
    done = run("http://127.0.0.1:9", tmp_path, "--user", "Labels", "--users", "1", "--pause-s", "1")

    assert done.returncode == 1
    assert {row["outcome"] for row in rows_of(tmp_path)} == {"failed"}


def test_an_ended_comparison_leaves_nothing_running(tmp_path: Path, embedded_model: Path):
    assert embedded_model.is_dir()  # built before, not while the time runs
    command = (
        sys.executable,
        "-m",
        "loadtest",
        "compare",
        "--users",
        "1",
        "--output",
        str(tmp_path),
    )
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRON, stdout=subprocess.DEVNULL) as process:
        parent = psutil.Process(process.pid)
        deadline_s = time.monotonic() + 60
        while not any("locust" in each.cmdline() for each in parent.children()):
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        children = parent.children(recursive=True)
        process.terminate()
        assert process.wait(timeout=60) == 130

    _, left = psutil.wait_procs(children, timeout=10)
    assert [each for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
