"""The soak itself, against a service of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.conftest import ROOT


def start_soak(model: Path, output: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "loadtest.soak", "--model", "efficientnet-lite0"),
            *("--models-dir", str(model.parent), "--output", str(output), *options),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_service_endures_a_short_soak(embedded_model: Path, tmp_path: Path):
    requests = {"bomb", "left before the answer", "predict phone"}
    for seconds in (15, 60, 240):  # a slow machine needs longer until all has happened
        output = tmp_path / str(seconds)
        soak = start_soak(embedded_model, output, "--time", f"{seconds}s", "--kill-every", "4")
        said, _ = soak.communicate()
        report = json.loads((output / "soak.json").read_text())
        accounts = report["accounts"]
        killed = {kill["function"] for kill in accounts["kills"]}
        if (
            len(killed) == 2
            and accounts["feedback_confirmed"]
            and requests <= set(report["requests"])
        ):
            break

    assert report["problems"] == []
    assert soak.returncode == 0, said
    assert killed == {"ClassifierFunction", "FeedbackFunction"}
    assert accounts["feedback_confirmed"] > 0
    assert accounts["feedback_lost"] == []
    assert report["requests"].keys() >= requests
    assert (output / "soak.md").read_text() in said


def test_an_interrupted_soak_reports_the_crash_it_did_not_cause(
    embedded_model: Path, tmp_path: Path
):
    soak = start_soak(embedded_model, tmp_path, "--time", "1h", "--kill-every", "0")
    assert soak.stdout is not None
    assert "requests" in soak.stdout.readline()

    records = tmp_path / "data" / "logs" / "requests.jsonl"
    while "function_crashed" not in records.read_text():  # an idle one is replaced unnoticed
        kill_a_classifier(psutil.Process(soak.pid))
        time.sleep(0.2)
    soak.send_signal(signal.SIGINT)
    said, _ = soak.communicate()

    report = json.loads((tmp_path / "soak.json").read_text())
    assert soak.returncode == 1, said
    assert 0 < report["seconds"] < 3600
    assert report["accounts"]["kills"] == []
    assert report["accounts"]["unexplained"]
    assert "ClassifierFunction: function_crashed" in said


def kill_a_classifier(soak: psutil.Process) -> None:
    """If one runs just now."""
    with suppress(psutil.Error):
        for process in soak.children(recursive=True):
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == "ClassifierFunction":
                for each in (*process.children(recursive=True), process):
                    each.kill()
                return


def test_a_service_that_does_not_start_is_no_soak(tmp_path: Path):
    soak = start_soak(tmp_path / "models", tmp_path / "out", "--model", "no-such-model")

    said, _ = soak.communicate()

    assert soak.returncode == 2
    assert "the service did not come up" in said
    assert "no-such-model" in said
