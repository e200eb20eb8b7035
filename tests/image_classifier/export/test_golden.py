"""The golden set: what Keras answers, and whether it could tell a wrong artifact apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from image_classifier.artifact import Artifact
from image_classifier.export.__main__ import main
from image_classifier.export.errors import InvalidInput, VerificationRefused
from image_classifier.export.golden import GOLDEN_FILE, golden_files, write_golden

SURE = np.array([0.9, 0.1], np.float32)
TORN = np.array([0.52, 0.48], np.float32)
UNSURE = np.array([0.501, 0.499], np.float32)


def verified(artifact: Artifact, difference: float = 0.05) -> Artifact:
    agreement = {"max_probability_difference": difference}
    return replace(artifact, manifest=replace(artifact.manifest, agreement=agreement))


def files_for(artifact: Artifact, *answers: NDArray[np.float32]) -> dict[str, Any]:
    named = {f"{i}.png": answer for i, answer in enumerate(answers)}
    files = golden_files(artifact, dict.fromkeys(named, b"photo"), named)
    return json.loads(files[GOLDEN_FILE])


def test_a_photo_decides_where_keras_is_surer_than_the_tolerance(
    make_artifact: Callable[..., Artifact],
) -> None:
    golden = files_for(verified(make_artifact()), SURE, SURE, SURE, TORN)

    assert golden["tolerance"] == pytest.approx(0.051)
    assert [photo["decisive"] for photo in golden["photos"]] == [True, True, True, False]
    assert golden["photos"][0]["expected"] == [
        {"label": "cat", "score": 0.9},
        {"label": "dog", "score": 0.1},
    ]


def test_photos_that_tell_nothing_are_refused(make_artifact: Callable[..., Artifact]) -> None:
    with pytest.raises(VerificationRefused, match="sure of 2 of 5"):
        files_for(verified(make_artifact()), SURE, SURE, UNSURE, UNSURE, UNSURE)


def test_int8_weights_get_the_room_that_other_kernels_take(
    make_artifact: Callable[..., Artifact],
) -> None:
    artifact = verified(make_artifact())
    quantized = replace(artifact.manifest, quantization="dynamic-range-int8")
    golden = files_for(replace(artifact, manifest=quantized), SURE, SURE, SURE)

    assert golden["tolerance"] == pytest.approx(0.1)


def test_never_writes_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(InvalidInput, match="not empty"):
        write_golden(tmp_path, {GOLDEN_FILE: b"{}"})


def test_a_used_folder_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").touch()
    out = tmp_path / "out"
    model = ("--model", "efficientnet-lite0")

    assert main([*model, "--output", str(out), "--golden", str(tmp_path)], {}) == 2
    assert "Building" not in capsys.readouterr().err
    assert not out.exists()
