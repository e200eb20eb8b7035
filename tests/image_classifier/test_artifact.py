"""The runtime refuses an artifact that is not whole, and one that LiteRT cannot run."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest

from image_classifier.artifact import Artifact, load_artifact
from image_classifier.runtime import load_model
from serving.artifact import ArtifactInvalid
from serving.settings import threads_for
from tests.classifier_fakes import with_threshold


@pytest.fixture
def folder(artifact: Artifact, tmp_path: Path) -> Path:
    """A well-formed artifact around bytes that are no model."""
    model = b"no model"
    digest = sha256(model).hexdigest()
    manifest = replace(artifact.manifest, sha256=digest, version=digest[:12])
    (tmp_path / "model.tflite").write_bytes(model)
    (tmp_path / "model.json").write_text(json.dumps(asdict(manifest)))
    (tmp_path / "labels.json").write_text(json.dumps([asdict(label) for label in artifact.labels]))
    return tmp_path


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_reads_what_was_written(folder: Path, artifact: Artifact):
    loaded = load_artifact(folder)

    assert loaded.labels == artifact.labels
    assert loaded.manifest.input == artifact.manifest.input
    assert loaded.model == b"no model"


def test_reads_the_calibration_that_was_written(folder: Path, artifact: Artifact):
    written = with_threshold(artifact, 0.79).manifest.calibration
    change(folder / "model.json", calibration=asdict(written))

    assert load_artifact(folder).manifest.calibration == written


def test_a_calibrated_model_may_have_no_threshold(folder: Path, artifact: Artifact):
    written = asdict(with_threshold(artifact, 0.79).manifest.calibration)
    change(folder / "model.json", calibration=written | {"threshold": None})

    assert load_artifact(folder).manifest.is_sure(1.0) is None


def test_an_artifact_from_before_there_was_a_choice_is_resized_bicubic(folder: Path):
    change(folder / "model.json", input={"height": 9, "width": 9, "resize_shorter_side": 9})

    assert load_artifact(folder).manifest.input.resampling == "bicubic"


@pytest.mark.parametrize("file", ["model.tflite", "model.json", "labels.json"])
def test_refuses_an_artifact_without_one_of_its_files(folder: Path, file: str):
    (folder / file).unlink()

    with pytest.raises(ArtifactInvalid, match="No complete"):
        load_artifact(folder)


def test_refuses_a_model_with_another_hash(folder: Path):
    (folder / "model.tflite").write_bytes(b"altered")

    with pytest.raises(ArtifactInvalid, match="SHA-256"):
        load_artifact(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "000000000000"},
        {"input": {"height": 224, "width": 224, "resize_shorter_side": 200}},
        {"input": None},
        {"input": {"height": 9, "width": 9, "resize_shorter_side": 9, "resampling": "nearest"}},
        {"unknown": 1},
    ],
)
def test_refuses_a_malformed_manifest(folder: Path, changes: dict[str, object]):
    change(folder / "model.json", **changes)

    with pytest.raises(ArtifactInvalid, match="malformed"):
        load_artifact(folder)


@pytest.mark.parametrize("labels", ["[]", "{}", '[{"index": 1, "wnid": null, "label": "a"}]', "["])
def test_refuses_malformed_labels(folder: Path, labels: str):
    (folder / "labels.json").write_text(labels)

    with pytest.raises(ArtifactInvalid, match="malformed"):
        load_artifact(folder)


def test_refuses_bytes_that_are_no_model(folder: Path):
    with pytest.raises(ArtifactInvalid, match="LiteRT"):
        load_model(load_artifact(folder), threads=1)


@pytest.mark.parametrize(
    ("memory_mb", "cpu_count", "threads"),
    [(128, 8, 1), (1769, 8, 1), (3538, 8, 2), (10_240, 8, 6), (10_240, 2, 2), (1769, 1, 1)],
)
def test_threads_follow_memory_but_never_exceed_the_machine(
    memory_mb: int, cpu_count: int, threads: int
):
    assert threads_for(memory_mb, cpu_count) == threads
