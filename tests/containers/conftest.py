"""The images, built and started by SAM; nothing here without a container engine.

BASE_IMAGE names the images' base; by default one is made of Debian packages, as no image registry
may be within reach.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
import pytest
import requests
import yaml

from tests.conftest import LIMIT_S, ROOT, skip_or_fail
from tests.containers.bridge import forwarded
from tests.feedback.conftest import running_stand_in

SAM = ROOT / ".sam" / "bin" / "sam"
BUILT = ROOT / "build" / "containers"
LOCAL_BASE = "image-classifier-base:local"
REGION = "us-east-1"
# SAM asks for an account, and for its number, even where it needs none.
ENVIRON = os.environ | {
    "PYTHONPATH": "",
    "SAM_CLI_TELEMETRY": "0",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whichever comes first builds a base and three images, one of them with TensorFlow."""
    item.add_marker(pytest.mark.timeout(1800))


def docker(*command: str) -> str:
    """What ``docker`` prints."""
    completed = subprocess.run(["docker", *command], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


def run_sam(*command: str) -> None:
    """SAM to its end; fails with what it said."""
    completed = subprocess.run(
        [SAM, *command],
        cwd=ROOT,
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout[-4000:]


@pytest.fixture(scope="session")
def base_image() -> str:
    """The images' base, once there is an engine and SAM."""
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        if reason := os.environ.get("NO_ENGINE"):
            pytest.skip(f"no container engine: {reason}")
        skip_or_fail("no container engine answers")
    if not SAM.exists():
        skip_or_fail("SAM is not installed (make lint installs it)")
    if image := os.environ.get("BASE_IMAGE"):
        return image
    with one_process_at_a_time():
        if not docker("images", "--quiet", LOCAL_BASE):
            if not shutil.which("debootstrap"):
                skip_or_fail("no base image: name one in BASE_IMAGE, or install debootstrap")
            subprocess.run([ROOT / "infra" / "local" / "base-image.sh", LOCAL_BASE], check=True)
    return LOCAL_BASE


@contextmanager
def one_process_at_a_time() -> Iterator[IO[str]]:
    """Of those that pytest-xdist runs; with a file in which they can tell the others something."""
    path = BUILT.with_suffix(".lock")
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


@pytest.fixture(scope="session")
def images(base_image: str, testrun_uid: str) -> dict[str, str]:
    """Image of each function, as ``sam build`` makes and names it."""
    with one_process_at_a_time() as built:
        if built.read() != testrun_uid:
            run_sam(
                "build",
                *("--build-dir", str(BUILT)),
                "--parameter-overrides",
                *(f"BaseImage={base_image}", "ImageUser=root", "Model=efficientnet-lite0"),
            )
            built.truncate(0)
            built.write(testrun_uid)
    template = yaml.safe_load((BUILT / "template.yaml").read_text())
    return {
        name: resource["Properties"]["ImageUri"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@dataclass(frozen=True)
class Local:
    """A running ``sam local start-api``."""

    url: str
    log: Path


@pytest.fixture(scope="session")
def sam_local(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """The built images behind ``sam local start-api``; they reach DynamoDB's stand-in."""
    assert images
    folder = tmp_path_factory.mktemp("sam-local")
    bridge = _bridge_address()
    with running_stand_in(folder / "aws") as dynamodb, forwarded(bridge, dynamodb) as port:
        overlay = _overlay(f"http://{bridge}:{port}")
        with _start_api(overlay, folder / "sam.log") as running:
            yield running


def _bridge_address() -> str:
    """This machine's address on the engine's bridge, from the interface itself: Docker 20.10 does
    not name the gateway of a bridge that it has just made."""
    interface = docker(
        *("network", "inspect", "bridge", "--format"),
        '{{index .Options "com.docker.network.bridge.name"}}',
    )
    addresses = psutil.net_if_addrs()[interface]
    return next(address.address for address in addresses if address.family == socket.AF_INET)


def _overlay(dynamodb_url: str) -> Path:
    """The built template with the stand-in's address; SAM sets only variables a template names."""
    template = yaml.safe_load((BUILT / "template.yaml").read_text())
    variables = template["Resources"]["FeedbackFunction"]["Properties"]["Environment"]["Variables"]
    variables["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb_url
    path = BUILT / "template.local.yaml"
    path.write_text(json.dumps(template))  # JSON is YAML
    return path


@contextmanager
def _start_api(template: Path, log: Path) -> Iterator[Local]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = (
        *(SAM, "local", "start-api", "--template", template, "--port", str(port)),
        *("--warm-containers", "LAZY", "--skip-pull-image"),
        *("--parameter-overrides", "ImageUser=root"),
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRON, stdout=output, stderr=subprocess.STDOUT
        )
    running = Local(f"http://127.0.0.1:{port}", log)
    try:
        _wait_until_healthy(running, process)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)  # it removes its containers
        try:
            process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(running: Local, process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            if requests.get(f"{running.url}/v1/health", timeout=LIMIT_S).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail(f"sam local did not come up:\n{running.log.read_text()[-3000:]}")
