from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from image_classifier.artifact import load_artifact
from image_classifier.export.__main__ import main
from image_classifier.export.errors import InvalidInput
from image_classifier.export.recipe import RESNET50_WEIGHTS
from image_classifier.export.resnet50 import resnet50


def test_names_the_file_and_hash_that_keras_itself_downloads() -> None:
    from keras.src.applications import resnet  # noqa: PLC0415

    assert RESNET50_WEIGHTS.url.startswith(resnet.BASE_WEIGHTS_PATH)
    assert RESNET50_WEIGHTS.name == "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    assert RESNET50_WEIGHTS.md5 == resnet.WEIGHTS_HASHES["resnet50"][0]


def test_exports_downloaded_weights_that_answer_as_keras_does(
    file_server: Any,
    seeded_resnet50: keras.Model,
    seeded_resnet50_file: Path,
    photos: Callable[..., Any],
    answers: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    published = file_server.publish(seeded_resnet50_file.name, seeded_resnet50_file.read_bytes())
    arguments = ["--model", "resnet50", "--output", str(tmp_path / "resnet50"), "--if-missing"]
    arguments += ["--cache", str(tmp_path / "cache")]

    assert main(arguments, {}, published) == 0

    manifest = load_artifact(tmp_path / "resnet50").manifest
    assert (manifest.name, manifest.quantization) == ("resnet50", "dynamic-range-int8")
    assert (manifest.weights["source"], manifest.weights["licence"]) == (published.url, "MIT")
    images = photos(manifest.input)[:4]
    pixels = keras.applications.resnet50.preprocess_input(np.concatenate(images))
    expected = seeded_resnet50(pixels, training=False).numpy()
    served = np.stack(answers(tmp_path / "resnet50", images))
    np.testing.assert_allclose(served, expected, atol=0.05)
    assert (served.argmax(axis=1) == expected.argmax(axis=1)).all()

    # Again: nothing to do, whether the weights are to be downloaded or a file names the same ones.
    del file_server.files[published.name]
    assert main(arguments, {}, published) == 0
    assert main(arguments, {"RESNET50_WEIGHTS": str(seeded_resnet50_file)}, published) == 0
    assert capsys.readouterr().out.count("already there") == 2
    assert file_server.requested == [published.name]


@pytest.mark.parametrize("fault", ["404", "cut", "wrong hash"])
def test_writes_nothing_when_the_weights_cannot_be_had(
    file_server: Any,
    seeded_resnet50_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    published = file_server.publish(seeded_resnet50_file.name, seeded_resnet50_file.read_bytes())
    match fault:
        case "404":
            file_server.files.clear()
        case "cut":
            file_server.cut.add(published.name)
        case "wrong hash":
            published = replace(published, md5=RESNET50_WEIGHTS.md5)
    arguments = ["--model", "resnet50", "--output", str(tmp_path / "resnet50")]

    assert main(arguments, {"KERAS_HOME": str(tmp_path / "keras")}, published) == 3

    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert published.url in error
    assert "RESNET50_WEIGHTS=FILE" in error
    assert "MODEL=efficientnet-lite0" in error
    assert not (tmp_path / "resnet50").exists()
    assert list((tmp_path / "keras" / "models").iterdir()) == []


def test_refuses_the_weights_of_another_model(tmp_path: Path, make_model: Any) -> None:
    path = tmp_path / "other.weights.h5"
    make_model().save_weights(path)
    with pytest.raises(InvalidInput, match="does not hold the weights"):
        resnet50(path)


def test_refuses_a_damaged_file(tmp_path: Path, seeded_resnet50_file: Path) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(seeded_resnet50_file.read_bytes()[:1_000_000])
    with pytest.raises(InvalidInput, match="does not hold the weights"):
        resnet50(path)
