"""``make evaluate`` on a few drawn photos, with the embedded model."""

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from evaluation.__main__ import main
from evaluation.origin import FILE
from tests.conftest import ROOT


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of coloured squares, an empty file and a damaged one."""
    folder = tmp_path / "photos"
    for name, hue in (("bee", 30), ("ant", 90)):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (40, 30), (hue, 80 * i, 9)).save(folder / name / f"{i}.png")
    (folder / "bee" / "<i>.png").touch()
    (folder / "bee" / "cut.png").write_bytes((folder / "bee" / "0.png").read_bytes()[:60])
    return folder


def evaluate(photos: Path, output: Path, *options: str, model: str = "efficientnet-lite0") -> int:
    return main(["--photos", str(photos), "--model", model, "--output", str(output), *options])


def test_reports_in_three_forms_and_leaves_damaged_files_out(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.chdir(ROOT)

    assert evaluate(photos, tmp_path / "out") == 0

    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert report["figures"]["top1"]["photos"] == 6
    assert sorted(line.partition(":")[0] for line in report["lists"]["Left out"]) == [
        "bee/<i>.png",
        "bee/cut.png",
    ]
    assert "on 6 photos" in capsys.readouterr().out
    assert "bee/&lt;i&gt;.png: The file is empty." in page
    assert not re.search(r"<(script|i>)|https?://(?!www.w3.org)", page), "it needs nothing else"
    assert page.count("data:image/jpeg;base64,") == len(report["figures"]["surest_wrong"])


def test_says_when_photos_were_used_to_make_the_model(
    photos: Path, tmp_path: Path, embedded_model: Path, monkeypatch
):
    monkeypatch.chdir(ROOT)
    model = tmp_path / "models" / "mine"
    shutil.copytree(embedded_model, model)
    assert (
        evaluate(photos, tmp_path / "first", "--models-dir", str(model.parent), model="mine") == 0
    )
    digest = sha256((photos / "bee" / "0.png").read_bytes()).hexdigest()
    (model / FILE).write_text(f"{digest}\n")
    assert evaluate(photos, tmp_path / "next", "--models-dir", str(model.parent), model="mine") == 0

    notes = [
        json.loads((tmp_path / run / "evaluation.json").read_text())["notes"]
        for run in ("first", "next")
    ]
    assert not notes[0]
    assert notes[1][0].startswith("1 of these 6 photos were used")


def test_photos_without_one_that_can_be_read_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.chdir(ROOT)
    (tmp_path / "bee").mkdir()
    (tmp_path / "bee" / "a.jpg").touch()

    assert evaluate(tmp_path, tmp_path / "out") == 1
    assert "error: None of the 1 photos can be read." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labelled_photos_come_out_as_they_are_known_to(
    labelled_photos: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(ROOT)

    assert evaluate(labelled_photos, tmp_path) == 0
    figures = json.loads((tmp_path / "evaluation.json").read_text())["figures"]
    assert (figures["top1"]["right"], figures["top5"]["right"]) == (35, 39)
