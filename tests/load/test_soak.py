"""The soak itself, against a service of its own."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from infra.commands.launch import ENVIRON, ROOT
from infra.local.machine.processes import environments_below, is_running
from tests.conftest import LIMIT_S


def start_soak(model: Path, output: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "locust", "-f", "loadtest/soak/locustfile.py", "--headless"),
            *("--only-summary", "--users", "8", "--spawn-rate", "8", "--stop-timeout", "40"),
            *("--model", "efficientnet-lite0", "--models-dir", str(model.parent)),
            *("--output", str(output), *options),
        ],
        cwd=ROOT,
        env=ENVIRON,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_progress(soak: "subprocess.Popen[str]") -> str:
    """Until it says how far it is."""
    assert soak.stdout is not None
    return next(line for line in soak.stdout if "requests" in line)


def test_the_service_endures_a_short_soak(embedded_model: Path, tmp_path: Path):
    kinds = {"bomb", "left before the answer", "predict phone", "slow upload", "contradiction"}
    for seconds in (20, 60, 240):  # a slow machine needs longer until all has happened
        folder = tmp_path / str(seconds)
        soak = start_soak(embedded_model, folder, "--run-time", f"{seconds}s", "--kill-every", "4")
        output, _ = soak.communicate()
        report = json.loads((folder / "soak.json").read_text())
        killed = {kill["function"] for kill in report["kills"]}
        if len(killed) == 2 and report["feedback_confirmed"] and kinds <= set(report["requests"]):
            break

    assert report["problems"] == []
    assert soak.returncode == 0, output
    assert killed == {"ClassifierFunction", "FeedbackFunction"}
    assert report["feedback_confirmed"] > 0
    assert report["feedback_lost"] == []
    assert report["requests"].keys() >= kinds
    assert "gateway" in {growth["name"] for growth in report["growth"]}
    assert (folder / "soak.md").read_text() in output


def test_an_interrupted_soak_reports_the_crash_it_did_not_cause(
    embedded_model: Path, tmp_path: Path
):
    soak = start_soak(embedded_model, tmp_path, "--run-time", "1h", "--kill-every", "0")
    read_progress(soak)

    records = tmp_path / "data" / "logs" / "requests.jsonl"
    while "function_crashed" not in records.read_text():  # an idle one is replaced unnoticed
        kill_a_classifier(soak.pid)
        time.sleep(0.2)
    soak.send_signal(signal.SIGINT)
    output, _ = soak.communicate(timeout=LIMIT_S)

    report = json.loads((tmp_path / "soak.json").read_text())
    assert soak.returncode == 1, output
    assert 0 < report["seconds"] < 3600
    assert report["kills"] == []
    assert report["unexplained"]
    assert "ClassifierFunction: function_crashed" in output


def kill_a_classifier(pid: int) -> None:
    """If one runs just now."""
    for (_, function), processes in environments_below(pid).items():
        if function == "ClassifierFunction":
            for process in processes:
                with suppress(psutil.Error):
                    process.kill()
            return


def test_a_killed_soak_leaves_nothing_running(embedded_model: Path, tmp_path: Path):
    soak = start_soak(embedded_model, tmp_path, "--run-time", "1h")
    read_progress(soak)
    children = psutil.Process(soak.pid).children(recursive=True)

    soak.kill()
    soak.communicate()

    _, alive = psutil.wait_procs(children, timeout=LIMIT_S)
    assert len(children) > 5
    assert [process for process in alive if is_running(process.pid)] == []


def test_a_service_that_does_not_start_is_no_soak(tmp_path: Path):
    options = ("--run-time", "1h", "--model", "no-such-model")
    soak = start_soak(tmp_path / "models", tmp_path / "out", *options)

    output, _ = soak.communicate(timeout=LIMIT_S)

    assert soak.returncode == 2
    assert "the service did not come up" in output
    assert "no-such-model" in output
