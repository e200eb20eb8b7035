"""Locust itself against a running service: every request accounted for, exit codes, overload."""

import csv
import json
import re
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.conftest import LIMIT_S, Cloud, running_cloud, wait_until
from tests.load.conftest import interrupt, requests_so_far, started

LOCUST_PORT = 5557


@pytest.fixture(scope="module")
def small_cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One environment and no queue: a second request at once is one too many."""
    data, options = tmp_path_factory.mktemp("small"), ("--environments", "1", "--queue", "0")
    with running_cloud(data, embedded_model.parent, *options) as small:
        yield small


class Load(NamedTuple):
    """How a run ended, and the table of its requests."""

    code: int
    output: str
    rows: list[dict[str, str]]

    def values(self, column: str) -> set[str]:
        return {row[column] for row in self.rows}


def load(url: str, folder: Path, *options: str, needs: Iterable[str] = ()) -> Load:
    """Run, however long it takes until requests have each name or outcome that the test ``needs``,
    or there is any at all; then Ctrl-C."""

    def enough() -> bool:
        requests = requests_so_far(folder)
        counts = Counter(value for each in requests for value in (each.name, each.outcome))
        return bool(requests) and counts >= Counter(needs)

    usual = ("--url", url, "--spawn-rate", "20", "--run-time", "1h")
    with started("run", folder, *usual, *options) as run:
        wait_until(lambda: enough() or run.poll() is not None)
        output = interrupt(run)
    tables = (path.read_text().splitlines() for path in folder.glob("*/requests.csv"))
    return Load(run.returncode, output, [row for lines in tables for row in csv.DictReader(lines)])


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
    loaded = load(cloud.url, tmp_path, *options, needs=names)

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


def test_users_of_tabular_services_get_good_answers(cloud: Cloud, tmp_path: Path):
    names = {"POST /v1/classify", "GET /prediction", "POST /v1/flights/delay"}
    options = ("--user", "Iris", "FlightDelay", "--users", "4", "--data", str(cloud.data))
    loaded = load(cloud.url, tmp_path, *options, needs=names)

    assert loaded.code == 0, loaded.output
    assert loaded.values("outcome") == {"ok"}
    assert loaded.values("name") == names | {"GET /v1/flights/airlines"}
    assert re.search(r"^\| \$ per million \| \d", loaded.output, re.MULTILINE)


def test_overload_is_refused_and_not_failed(small_cloud: Cloud, tmp_path: Path):
    options = ("--user", "Predict", "--users", "8", "--max-error-rate", "0")
    loaded = load(small_cloud.url, tmp_path, *options, needs=["ok", *["refused"] * 9])

    assert loaded.code == 0, loaded.output
    outcomes = Counter(row["outcome"] for row in loaded.rows)
    assert set(outcomes) == {"ok", "refused"}
    # Who is refused waits for a second at least: three seconds hold no more than four tries each.
    starts_s = [float(row["start_s"]) for row in loaded.rows]
    assert outcomes["refused"] <= 8 * (max(starts_s) - min(starts_s) + 1)


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
