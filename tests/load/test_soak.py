"""The soak itself, against a service of its own."""

import csv
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from infra.local.machine.processes import environments_below
from tests.conftest import LIMIT_S
from tests.load.conftest import running, start


def first_progress(soak) -> None:
    """Until it says how far it is."""
    assert soak.stdout is not None
    next(line for line in soak.stdout if "without a right answer" in line)


def test_the_service_endures_a_short_soak(tmp_path: Path):
    kinds = {"bomb", "left before the answer", "predict phone", "slow upload", "contradiction"}
    kinds |= {"POST /v1/predictions", "GET /v1/predictions/ID", "upload to the bucket"}
    for seconds in (20, 60, 240):  # a slow machine needs longer until all has happened
        folder = tmp_path / str(seconds)
        soak = start("soak", folder, "--run-time", f"{seconds}s", "--kill-every", "4")
        output, _ = soak.communicate()
        with next(folder.glob("*/requests.csv")).open(newline="") as file:
            requests = {row["name"] for row in csv.DictReader(file)}
        kills, confirmed = (
            int(re.search(rf"{name}: (\d+)", output)[1])
            for name in ("Environments killed", "Feedback confirmed")
        )
        if kills > 1 and confirmed and kinds <= requests:
            break

    assert soak.returncode == 0, output
    assert "**Endured.**" in output
    assert kills > 1
    assert requests >= kinds
    assert f"Feedback confirmed: {confirmed}; lost: 0" in output
    assert re.search(r"answered later: [1-9].* by upload; lost, .*: 0\.", output)
    assert re.search(r"^\| gateway \|", output, re.MULTILINE)


def classifiers(pid: int) -> Iterator[psutil.Process]:
    for (_, function), processes in environments_below(pid).items():
        if function == "ClassifierFunction":
            yield from processes


def test_an_interrupted_soak_reports_the_crash_it_did_not_cause(tmp_path: Path):
    soak = start("soak", tmp_path, "--run-time", "1h", "--kill-every", "0")
    first_progress(soak)

    (records,) = tmp_path.glob("*/services/soak/logs/requests.jsonl")
    while "function_crashed" not in records.read_text():  # an idle one is replaced unnoticed
        for process in classifiers(soak.pid):
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.2)
    soak.send_signal(signal.SIGINT)
    output, _ = soak.communicate(timeout=LIMIT_S)

    assert soak.returncode == 1, output
    assert "**Failed" in output
    assert "Environments killed: 0" in output
    assert "ClassifierFunction: function_crashed" in output


def test_a_killed_soak_leaves_nothing_running(tmp_path: Path):
    soak = start("soak", tmp_path, "--run-time", "1h")
    first_progress(soak)
    children = psutil.Process(soak.pid).children(recursive=True)

    soak.kill()
    soak.communicate()

    assert len(children) > 5
    assert running(children) == []


def test_a_service_that_does_not_start_is_no_soak(tmp_path: Path):
    output, _ = (soak := start("soak", tmp_path, "--model", "no-such-model")).communicate()

    assert soak.returncode == 2
    assert "the service did not come up" in output
    assert "no-such-model" in output
