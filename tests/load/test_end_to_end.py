"""Locust itself against a running service: every request accounted for, exit codes, overload."""

import csv
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import requests

from tests.conftest import LIMIT_S, Cloud, running_cloud, wait_until
from tests.load.conftest import running, start

LOCUST_PORT = 5557


@pytest.fixture(scope="module")
def small_cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One environment and no queue: a second request at once is one too many."""
    data, options = tmp_path_factory.mktemp("small"), ("--environments", "1", "--queue", "0")
    with running_cloud(data, embedded_model.parent, *options) as small:
        yield small


class Load(NamedTuple):
    """How the last run ended; every run's requests, and the seconds that the runs had."""

    code: int
    output: str
    rows: list[dict[str, str]]
    times_s: list[int]

    def values(self, column: str) -> set[str]:
        return {row[column] for row in self.rows}


def load(url: str, folder: Path, *options: str, names: tuple[str, ...] = ()) -> Load:
    """Run, and on a slow machine run again for longer, until there is something to judge: a request
    of each of the ``names``, or any at all."""
    times_s, rows = [], []
    for seconds in (3, 12, 48, 192):
        times_s.append(seconds)
        usual = ("--url", url, "--spawn-rate", "20", "--run-time", f"{seconds}s")
        run = start("run", folder / str(seconds), *usual, *options)
        output, _ = run.communicate()
        with next((folder / str(seconds)).glob("*/requests.csv")).open(newline="") as file:
            rows += csv.DictReader(file)
        if rows and {row["name"] for row in rows}.issuperset(names):
            break
    return Load(run.returncode, output, rows, times_s)


def requests_of(cloud: Cloud) -> Counter[str]:
    """Over HTTP: the queue's worker has records too, whenever it is called."""
    lines = (cloud.data / "logs" / "requests.jsonl").read_text().splitlines()
    records = (json.loads(line) for line in lines)
    functions = ("ClassifierFunction", "FeedbackFunction")
    return Counter(record["request_id"] for record in records if record["function"] in functions)


@pytest.fixture
def _another_run() -> Iterator[None]:
    """Has the port at which Locust's workers meet their master, unless a real one has."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", LOCUST_PORT)))
        yield


@pytest.mark.usefixtures("_another_run")
def test_two_processes_account_for_every_request_that_the_gateway_saw(cloud: Cloud, tmp_path: Path):
    health = requests.get(f"{cloud.url}/v1/health", timeout=LIMIT_S)
    # Its record follows its answer, and those of earlier requests came before.
    wait_until(lambda: health.headers["x-request-id"] in requests_of(cloud))
    before = requests_of(cloud)

    options = ("--users", "16", "--processes", "2", "--data", str(cloud.data))
    names = ("GET /", "POST /v1/predict", "POST /v1/feedback")
    loaded = load(cloud.url, tmp_path, *options, names=names)

    assert loaded.code == 0, loaded.output
    functions = [row for row in loaded.rows if row["name"] != "GET /"]
    assert loaded.values("outcome") == {"ok"}
    assert loaded.values("name").issuperset(names)
    assert Counter(row["request_id"] for row in functions) == requests_of(cloud) - before
    ids = ("request_id", "environment_id")
    assert all(row[name] == row[f"server_{name}"] for row in functions for name in ids)


def test_a_broken_threshold_is_named_and_sets_the_exit_code(cloud: Cloud, tmp_path: Path):
    loaded = load(cloud.url, tmp_path, "--user", "Labels", "--users", "2", "--max-p95-ms", "0")

    assert loaded.code == 1
    assert re.search(r"\*\*Failed: none of .* above --max-p95-ms 0", loaded.output)


@pytest.mark.parametrize(
    ("user", "names"),
    [
        ("Iris", ("POST /v1/classify",)),
        ("FlightDelay", ("GET /v1/flights/airlines", "GET /prediction", "POST /v1/flights/delay")),
    ],
)
def test_users_of_tabular_services_get_good_answers(
    cloud: Cloud, tmp_path: Path, user: str, names: tuple[str, ...]
):
    options = ("--user", user, "--users", "2", "--data", str(cloud.data))
    loaded = load(cloud.url, tmp_path, *options, names=names)

    assert loaded.code == 0, loaded.output
    assert (loaded.values("outcome"), loaded.values("name")) == ({"ok"}, set(names))
    assert re.search(r"^\| \$ per million \| \d", loaded.output, re.MULTILINE)


def test_overload_is_refused_and_not_failed(small_cloud: Cloud, tmp_path: Path):
    options = ("--user", "Predict", "--users", "8", "--max-error-rate", "0")
    loaded = load(small_cloud.url, tmp_path, *options)

    assert loaded.code == 0, loaded.output
    outcomes = Counter(row["outcome"] for row in loaded.rows)
    assert set(outcomes) == {"ok", "refused"}
    # Who is refused waits for a second at least: three seconds hold no more than four tries each.
    assert outcomes["refused"] <= 8 * sum(seconds + 1 for seconds in loaded.times_s)


def test_a_wrong_answer_fails_the_run(cloud: Cloud, tmp_path: Path):
    # The same page, but a text that is not it.
    loaded = load(cloud.url, tmp_path, "--user", "Index", "--users", "1", "--page-url", "/app.js")

    assert loaded.code == 1
    assert loaded.values("reason") == {"not the whole page"}


def test_a_service_that_is_not_there_fails_the_run(tmp_path: Path):
    options = ("--user", "Labels", "--users", "1", "--pause-s", "1")
    loaded = load("http://127.0.0.1:9", tmp_path, *options)

    assert loaded.code == 1
    assert loaded.values("outcome") == {"failed"}


def test_an_ended_comparison_leaves_nothing_running(tmp_path: Path):
    process = start("compare", tmp_path, "--users", "1")
    parent = psutil.Process(process.pid)
    wait_until(lambda: any("locust" in child.cmdline() for child in parent.children()))
    children = parent.children(recursive=True)

    process.terminate()
    process.communicate(timeout=LIMIT_S)

    assert process.returncode == 130
    assert running(children) == []
