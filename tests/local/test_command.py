"""``python -m infra.commands.run`` as a process: how it starts, and that nothing of it stays."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from infra.commands.launch import Service, start_service, wait_until_up
from infra.local.aws_lambda.emulator import emulator_binary
from infra.local.machine.processes import still_running
from tests.conftest import LIMIT_S, ROOT, skip_or_fail, wait_until

TOY = Path(__file__).with_name("toy")


def start(folder: Path, *options: str, port: int = 0) -> Service:
    toy = ("--template", str(TOY / "template.yaml"), "--models-dir", str(folder))
    environ = os.environ | {"PYTHONPATH": str(ROOT), "PHOTOS_DIR": ""}
    return start_service(folder / "data", *toy, *options, port=port, environ=environ)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Service]:
    command = start(folder, *options)
    try:
        wait_until_up(command)
        yield command
    finally:
        command.process.kill()
        command.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_after_a_signal_however_busy_they_are(tmp_path: Path, number: int):
    with running(tmp_path, "--environments", "2") as command:
        for _ in range(2):
            client = threading.Thread(target=quietly_get, args=(f"{command.url}/v1/child",))
            client.start()
        wait_until(lambda: sum("sleep" in process.name() for process in command.descendants()) == 2)
        pids = [process.pid for process in command.descendants()]

        command.process.send_signal(number)
        command.process.wait(timeout=LIMIT_S)

        assert still_running(pids, LIMIT_S) == []
        assert command.process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert "Traceback" not in command.output()


def test_prints_what_is_there_and_a_curl_line_that_works(tmp_path: Path):
    with running(tmp_path, "--environments", "2") as command:
        output = command.output()
        line = re.search(r"curl .*", output)
        assert line is not None
        answer = subprocess.run(line[0], shell=True, capture_output=True, check=True)

        assert b'"isBase64Encoded": true' in answer.stdout
        assert f"{command.url}/" in output
        assert "resnet50" in output
        assert "up to 2 environments of 256 MB" in output


def test_keeps_one_private_receipt_key(tmp_path: Path):
    key = tmp_path / "data" / "receipt-key"
    with running(tmp_path):
        first = key.read_text()
    with running(tmp_path):
        assert key.read_text() == first

    assert len(first) >= 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_taken_port_is_named_before_any_model_is_built(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = start(tmp_path, port=port)
        assert command.process.wait(timeout=LIMIT_S) == 1

    assert len(command.output().splitlines()) == 1
    assert f"port {port}" in command.output()
    assert "PORT=" in command.output()


def test_a_data_folder_that_cannot_be_one_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    command = start(tmp_path, "--data", str(tmp_path / "file" / "data"))

    assert command.process.wait(timeout=LIMIT_S) == 1
    assert len(command.output().splitlines()) == 1
    assert command.output().startswith("error: ")
    assert str(tmp_path / "file") in command.output()


def test_a_function_that_cannot_start_shows_its_log(tmp_path: Path):
    template = (TOY / "template.yaml").read_text()
    broken = template.replace("echo.handler", "broken.handler")
    command = start(tmp_path, "--template", str(toy_with(tmp_path, broken)))

    assert command.process.wait(timeout=LIMIT_S) == 1
    assert "a_module_that_is_missing" in command.output()
    assert command.output().splitlines()[-1].startswith("error: GET /v1/health answered 502")


def test_functions_without_a_health_route_start_all_the_same(tmp_path: Path):
    template = toy_with(tmp_path, (TOY / "template.yaml").read_text().replace("/v1/", "/v2/"))

    with running(tmp_path, "--template", str(template)) as command:
        assert requests.get(f"{command.url}/v2/echo", timeout=LIMIT_S).status_code == 200


def test_the_exporter_is_found_whichever_function_comes_first(tmp_path: Path):
    first = """Resources:
  First:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: first}
    Properties: {ImageConfig: {Command: [first.handler]}}
"""
    text = (TOY / "template.yaml").read_text().replace("Resources:\n", first)

    with running(tmp_path, "--template", str(toy_with(tmp_path, text))) as command:
        assert "asked for weights" in command.output()  # of the exporter beside the template


def toy_with(folder: Path, template: str) -> Path:
    """A copy of the toy with another template."""
    copy = shutil.copytree(TOY, folder / "toy")
    (copy / "template.yaml").write_text(template)
    return copy / "template.yaml"


def test_says_when_functions_run_in_worker_processes(tmp_path: Path):
    with running(tmp_path, "--runtime", "worker") as command:
        assert "worker processes" in command.output()


def test_the_emulator_is_what_runs_where_it_can(tmp_path: Path):
    if emulator_binary(ROOT / ".emulator") is None:
        skip_or_fail("no Lambda Runtime Interface Emulator for this machine in .emulator")
    with running(tmp_path) as command:
        assert any("aws-lambda-rie" in process.name() for process in command.descendants())
        assert "worker processes" not in command.output()


def quietly_get(url: str) -> None:
    with suppress(requests.RequestException):  # the cloud is stopped under it
        requests.get(url, timeout=LIMIT_S)
