"""What every kind of test shares: the artifact, the photos, and how a missing tool is named."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from infra.commands.launch import ROOT, Service, running_service

Cloud = Service
__all__ = [
    "COLLECTIONS",
    "LIMIT_S",
    "ROOT",
    "Cloud",
    "aws_endpoint",
    "running_cloud",
    "skip_or_fail",
    "wait_until",
]
LIMIT_S = 120
"""How long a test waits for what must happen: only what never does takes as long, anywhere."""
COLLECTIONS = "pictures"
"""The bucket whose photos ``cloud`` may classify as a collection."""

# No property depends on how fast a machine is. Fixtures are made once for all inputs of a test, and
# every property here holds whatever came before.
_PROFILE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("same", _PROFILE, derandomize=True)
settings.register_profile("new", _PROFILE, derandomize=False, max_examples=500)  # tests/fuzz.py
settings.load_profile("same")


# moto begins each test without a session of boto3, and a session reads the descriptions of AWS's
# services anew.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


# What a test needs is its kind, whatever folder it stands in.
KINDS = {
    "emulator": {"emulator", "run_cloud"},
    "service": {"cloud"},
    "browser": {"browser"},
    "containers": {"base_image"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its kinds, so that ``-m "not browser"`` leaves some out."""
    for item in items:
        for kind, fixtures in KINDS.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(kind)


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


@pytest.fixture(scope="session")
def teaching_photos(labelled_photos: Path) -> Path:
    """A folder of photos for each of two classes, beside the labelled ones."""
    folder = labelled_photos.resolve().parent / "teach"
    if not folder.is_dir():
        pytest.skip(f"no {folder}, a folder of ants and bees to teach with")
    return folder


def aws_endpoint(cloud: Cloud) -> str:
    """Where the stand-in for AWS beside Lambda answers."""
    return (cloud.data / "aws" / "endpoint").read_text("utf-8")


@pytest.fixture(scope="session")
def cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """What ``make run`` starts, with the embedded model."""
    data = tmp_path_factory.mktemp("cloud")
    bucket = ("--parameter", f"CollectionBuckets={COLLECTIONS}")
    with running_cloud(data, embedded_model.parent, *bucket) as running:
        yield running


def running_cloud(data: Path, models_dir: Path, *options: str) -> AbstractContextManager[Cloud]:
    """What ``make run`` starts, on a free port; stopped as by Ctrl-C."""
    model = ("--model", "efficientnet-lite0", "--models-dir", str(models_dir))
    return running_service(data, *model, "--parameter", "FrontDoors=on", *options)
