"""What ``make train`` and ``make model`` do, in the environment that trains."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tabular.artifact import load_artifact
from tabular.runtime import load_model
from tests.conftest import ROOT, skip_or_fail

PYTHON = ROOT / ".train" / "bin" / "python"
EMBEDDED = {"iris": "iris", "flight-delay": "flight_delay"}
TOLERANCE = 1e-6
MAX_BYTES = 200_000


def train(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    if not PYTHON.is_file():
        skip_or_fail("there is no .train: `make train` installs what trains models")
    return subprocess.run(
        [PYTHON, "-m", "training", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}/functions:{ROOT}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **environ,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_bytes())


@pytest.mark.parametrize("model", EMBEDDED)
def test_training_again_gives_the_committed_model(model: str, tmp_path: Path):
    committed = ROOT / "functions" / EMBEDDED[model] / "model"
    done = train(model, "--embed", "--output", tmp_path)
    assert done.returncode == 0, done.stderr

    (expected, old), (_, new) = load_artifact(committed), load_artifact(tmp_path)

    rng = np.random.default_rng(7)
    features = 4 if model == "iris" else 1 + sum(map(len, expected.inputs.values()))
    rows = rng.integers(0, 2, (5000, features)).astype(np.float32)
    np.testing.assert_allclose(load_model(new)(rows), load_model(old)(rows), atol=TOLERANCE)
    assert manifest_of(tmp_path)["metrics"] == pytest.approx(expected.metrics, abs=0.001)
    assert len(old) < MAX_BYTES


def test_beats_what_was_published_on_the_same_flights(tmp_path: Path, flights_in_shared: Path):
    done = train("flight-delay", "--dataset", flights_in_shared, "--embed", "--output", tmp_path)
    assert done.returncode == 0, done.stderr

    metrics = manifest_of(tmp_path)["metrics"]
    assert metrics["auc_three_inputs_first"] >= 0.67
    assert metrics["auc_five_inputs_first"] >= 0.70


def test_only_what_is_better_becomes_champion_and_that_is_exported(tmp_path: Path):
    runs = [train("iris", "--data", tmp_path) for _ in range(2)]
    done = train("iris", "--data", tmp_path, "--champion", "--output", tmp_path / "iris")

    assert done.returncode == 0, done.stderr
    assert "version 1, accuracy_cross_validated" in runs[0].stdout
    assert "the champion, there was no champion" in runs[0].stdout
    assert "not the champion, no better than version 1" in runs[1].stdout
    manifest, _ = load_artifact(tmp_path / "iris")
    assert manifest.model_version == manifest.run_id
    assert manifest.run_id in done.stdout


def test_without_a_champion_nothing_is_exported(tmp_path: Path):
    done = train("iris", "--data", tmp_path, "--champion", "--output", tmp_path / "iris")

    assert done.returncode == 2
    assert "make train MODEL=iris" in done.stderr
    assert not (tmp_path / "iris").exists()
