"""What every kind of test shares: the artifact, the photos, and how a missing tool is named."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from infra.local.launch import ROOT, Service, running_service

Cloud = Service
__all__ = ["ROOT", "Cloud", "running_cloud", "skip_or_fail"]


def skip_or_fail(reason: str) -> None:
    """Skip where a tool is missing; in CI, which installs every tool, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must install it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The artifact folder of EfficientNet-Lite0, built unless it is there."""
    folder = ROOT / "build" / "models" / "efficientnet-lite0"
    export = ("-m", "image_classifier.export", "--model", "efficientnet-lite0", "--if-missing")
    environ = os.environ | {"PYTHONPATH": str(ROOT / "functions")}
    subprocess.run([sys.executable, *export, "--output", str(folder)], check=True, env=environ)
    return folder


@pytest.fixture(scope="session")
def labelled_photos() -> Path:
    """The folder of labelled photos that PHOTOS_DIR names."""
    folder = Path(os.environ.get("PHOTOS_DIR") or ROOT.parent / "shared" / "photos")
    if not (folder / "labels.csv").is_file():
        pytest.skip(f"no labelled photos in {folder}; name a folder with labels.csv: PHOTOS_DIR")
    return folder


@pytest.fixture(scope="session")
def cloud(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """What ``make run`` starts, with the embedded model."""
    data = tmp_path_factory.mktemp("cloud")
    with running_cloud(data, embedded_model.parent) as running:
        yield running


def running_cloud(data: Path, models_dir: Path, *options: str) -> AbstractContextManager[Cloud]:
    """What ``make run`` starts, on a free port; stopped as by Ctrl-C."""
    model = ("--model", "efficientnet-lite0", "--models-dir", str(models_dir))
    return running_service(data, *model, *options)
