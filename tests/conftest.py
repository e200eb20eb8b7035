"""What every kind of test shares: the artifact, the photos, and how a missing tool is named."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
LIMIT_S = 120
"""How long a test waits for what must happen: only what never does takes as long, anywhere."""

# No property depends on how fast a machine is. Fixtures are made once for all inputs of a test, and
# every property here holds whatever came before.
_PROFILE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("same", _PROFILE, derandomize=True)
settings.register_profile("new", _PROFILE, derandomize=False, max_examples=500)  # tests/fuzz.py
settings.load_profile("same")


def wait_until(condition: Callable[[], object], otherwise: Callable[[], str] = str) -> None:
    """Wait for what must happen; ``otherwise`` says what to fail with."""
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            pytest.fail(f"nothing in {LIMIT_S} s: {otherwise()}")
        time.sleep(0.05)


def skip_or_fail(reason: str) -> None:
    """Skip where a tool is missing; in CI, which installs every tool, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must install it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The artifact folder of EfficientNet-Lite0, as it is committed."""
    return ROOT / "functions" / "image_classifier" / "models" / "efficientnet-lite0"


@pytest.fixture(scope="session")
def labelled_photos() -> Path:
    """The folder of labelled photos that PHOTOS_DIR names."""
    folder = Path(os.environ.get("PHOTOS_DIR") or ROOT.parent / "shared" / "photos")
    if not (folder / "labels.csv").is_file():
        pytest.skip(f"no labelled photos in {folder}; name a folder with labels.csv: PHOTOS_DIR")
    return folder


@dataclass(frozen=True)
class Cloud:
    """A running local cloud: its address, its data folder, and its process."""

    url: str
    data: Path
    process: "subprocess.Popen[bytes]"


@pytest.fixture(scope="session")
def cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """What ``make run`` starts, with the embedded model."""
    data = tmp_path_factory.mktemp("cloud")
    with running_cloud(data, embedded_model.parent) as running:
        yield running


@contextmanager
def running_cloud(data: Path, models_dir: Path, *options: str) -> Iterator[Cloud]:
    """Start ``python -m infra.commands.run`` on a free port, and stop it as Ctrl-C does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = (
        *(sys.executable, "-m", "infra.commands.run", "--port", str(port), "--data", str(data)),
        *("--model", "efficientnet-lite0", "--models-dir", str(models_dir), *options),
    )
    log = data / "make-run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"},
            start_new_session=True,
        )
    try:
        running = Cloud(f"http://127.0.0.1:{port}", data, process)
        _wait_until_healthy(running, log)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=LIMIT_S)


def _wait_until_healthy(running: Cloud, log: Path) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s and running.process.poll() is None:
        try:
            if requests.get(f"{running.url}/v1/health", timeout=LIMIT_S).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"make run did not come up:\n{log.read_text()[-3000:]}")
