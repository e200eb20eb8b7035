import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from image_classifier.artifact import Artifact, Bins, Calibration, Threshold, load_artifact
from image_classifier.export.errors import InvalidInput
from image_classifier.export.write import beside, check_replaceable, write_artifact
from serving.artifact import ArtifactInvalid

Make = Callable[..., Artifact]


def test_runtime_reads_back_what_was_written(tmp_path: Path, make_artifact: Make) -> None:
    folder = tmp_path / "new" / "models" / "test"
    write_artifact(folder, make_artifact())
    assert load_artifact(folder) == make_artifact()
    assert [entry.name for entry in folder.parent.iterdir()] == ["test"]


def test_replaces_an_artifact_whole(tmp_path: Path, make_artifact: Make) -> None:
    folder = tmp_path / "test"
    write_artifact(folder, make_artifact(b"old"))
    write_artifact(folder, make_artifact(b"new"))
    assert load_artifact(folder).model == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["test"]


def test_what_is_beside_an_artifact_is_replaced_with_it(
    tmp_path: Path, make_artifact: Make
) -> None:
    folder = tmp_path / "test"
    write_artifact(folder, make_artifact(), beside({"a.jpg": b"a", "b.jpg": b"b"}, ["2", "1"]))
    assert (folder / "made_from.txt").read_text() == "1\n2\n"
    write_artifact(folder, make_artifact(), beside({"c.jpg": b"c"}, []))
    assert [path.name for path in (folder / "golden").iterdir()] == ["c.jpg"]


def test_a_calibration_is_read_back(tmp_path: Path, make_artifact: Make) -> None:
    artifact = make_artifact()
    calibration = Calibration(0.8, 0.1, 0.02, 99, "photos", Threshold(0.7, 0.95, 0.96, 0.8))
    distributions = {"entropy": Bins((0.1, 0.25), (0.3, 0.3, 0.4))}
    others = {"threshold": None}, {"distributions": distributions}
    for stated in (calibration, *(replace(calibration, **other) for other in others)):
        calibrated = replace(artifact, manifest=replace(artifact.manifest, calibration=stated))
        write_artifact(tmp_path / "test", calibrated)
        assert load_artifact(tmp_path / "test") == calibrated


def test_a_calibration_from_before_there_were_distributions_has_none(
    tmp_path: Path, make_artifact: Make
) -> None:
    artifact = make_artifact()
    calibration = Calibration(0.8, 0.1, 0.02, 99, "photos", None)
    manifest = replace(artifact.manifest, calibration=calibration)
    write_artifact(tmp_path / "test", replace(artifact, manifest=manifest))
    path = tmp_path / "test" / "model.json"
    written = json.loads(path.read_text())
    del written["calibration"]["distributions"]
    path.write_text(json.dumps(written))

    assert load_artifact(tmp_path / "test").manifest.calibration == calibration


def test_others_may_read_it(tmp_path: Path, make_artifact: Make) -> None:
    write_artifact(tmp_path / "test", make_artifact())
    reference = tmp_path / "plain"
    reference.mkdir()
    assert (tmp_path / "test").stat().st_mode == reference.stat().st_mode


def test_keeps_the_old_artifact_when_the_new_one_is_not_complete(
    tmp_path: Path, make_artifact: Make
) -> None:
    folder = tmp_path / "test"
    write_artifact(folder, make_artifact(b"old"))
    good = make_artifact(b"new")
    broken = Artifact(good.manifest, good.labels, b"other bytes than the manifest's")
    with pytest.raises(ArtifactInvalid):
        write_artifact(folder, broken)
    assert load_artifact(folder).model == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["test"]


def test_refuses_a_folder_with_anything_else_in_it(tmp_path: Path, make_artifact: Make) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match=r"thesis\.tex"):
        write_artifact(tmp_path, make_artifact())
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_refuses_a_file_as_output(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="not a folder"):
        check_replaceable(tmp_path / "file")


def test_says_why_it_cannot_write(tmp_path: Path, make_artifact: Make) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="Not a directory"):
        write_artifact(tmp_path / "file" / "test", make_artifact())


def test_follows_a_link_instead_of_replacing_it(tmp_path: Path, make_artifact: Make) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_artifact(tmp_path / "link", make_artifact())
    assert (tmp_path / "link").is_symlink()
    assert load_artifact(tmp_path / "real") == make_artifact()
