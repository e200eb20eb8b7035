"""The soak itself, against a service of its own."""

import csv
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from infra.local.machine.processes import environments_below
from tests.conftest import Cloud, wait_until
from tests.load.conftest import children_with_locust, interrupt, requests_so_far, started
from tests.predictions.parts import Parts


def test_the_service_endures_a_short_soak(tmp_path: Path):
    kinds = {"bomb", "left before the answer", "predict phone", "slow upload", "contradiction"}
    kinds |= {"POST /v1/predictions", "GET /v1/predictions/ID", "upload to the bucket", "feedback"}

    def seen() -> bool:
        good = {request.name for request in requests_so_far(tmp_path) if request.outcome == "ok"}
        return kinds <= good

    with started("soak", tmp_path, "--run-time", "1h", "--kill-every", "3") as soak:
        children_with_locust(soak)
        (data,) = tmp_path.glob("*/services/soak")
        # Or a photo whose worker is killed comes again after three minutes.
        attributes = {"VisibilityTimeout": "10"}
        sqs = Parts(Cloud("", data, soak)).client("sqs")
        sqs.set_queue_attributes(QueueUrl="UploadsQueue", Attributes=attributes)
        next((line for line in soak.stdout if re.search(r" ([2-9]|\d\d) kills", line)), None)
        wait_until(lambda: seen() or soak.poll() is not None)
        output = interrupt(soak)

    assert soak.returncode == 0, output
    assert "**Endured.**" in output
    assert re.search(r"Environments killed: ([2-9]|\d\d)", output)
    assert re.search(r"Feedback confirmed: [1-9]\d*; lost: 0", output)
    assert re.search(r"answered later: [1-9]\d*; by upload: [1-9]", output)
    assert "Photos lost, unfinished or answered otherwise: 0." in output
    assert re.search(r"^\| gateway \|", output, re.MULTILINE)
    with next(tmp_path.glob("*/requests.csv")).open(newline="") as file:
        assert kinds <= {row["name"] for row in csv.DictReader(file)}


def classifiers(pid: int) -> Iterator[psutil.Process]:
    for (_, function), processes in environments_below(pid).items():
        if function == "ClassifierFunction":
            yield from processes


def test_an_interrupted_soak_reports_the_crash_it_did_not_cause(tmp_path: Path):
    with started("soak", tmp_path, "--run-time", "1h", "--kill-every", "0") as soak:
        wait_until(lambda: requests_so_far(tmp_path))
        (records,) = tmp_path.glob("*/services/soak/logs/requests.jsonl")
        while "function_crashed" not in records.read_text():  # an idle one is replaced unnoticed
            for process in classifiers(soak.pid):
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.2)
        output = interrupt(soak)

    assert soak.returncode == 1, output
    assert "**Failed" in output
    assert "Environments killed: 0" in output
    assert "ClassifierFunction: function_crashed" in output


def test_a_service_that_does_not_start_is_no_soak(tmp_path: Path):
    with started("soak", tmp_path, "--model", "no-such-model") as soak:
        output, _ = soak.communicate()

    assert soak.returncode == 2
    assert "the service did not come up" in output
    assert "no-such-model" in output
