"""``make teach`` from end to end on drawn photos: TensorFlow, the exporter and the report."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.__main__ import main as evaluate
from evaluation.photos import PhotosInvalid
from feedback.archive.rows import jsonl_lines
from image_classifier.artifact import InputSpec, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.export.choose import efficientnet_lite0_recipe
from image_classifier.runtime import load_model
from infra.commands.model import ensure_model, local_exporter
from infra.deploy.errors import DeployFailed
from infra.deploy.model import stage_model
from teaching import calibrated
from teaching.__main__ import main
from tests.conftest import ROOT
from tests.feedback.conftest import feedback

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept"),
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stripes and spots; two copies, one of them astray; a damaged file and a hidden one."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(8)
    across = np.arange(160)
    for name in ("spots", "stripes"):
        (folder / name).mkdir()
        for i in range(14):
            wave = np.sin(across / rng.uniform(3, 9) + rng.uniform(0, 6))
            other = wave if name == "spots" else np.ones(160)
            pattern = np.outer(wave, other)[..., None] * rng.uniform(30, 60, 3)
            light = np.kron(rng.uniform(0, 255, (8, 8)), np.ones((20, 20)))[..., None]
            photo = (pattern + light).clip(0, 255).astype(np.uint8)
            Image.fromarray(photo).save(folder / name / f"{i:02}.png")
    shutil.copy(folder / "spots" / "00.png", folder / "spots" / "copy.png")
    shutil.copy(folder / "spots" / "01.png", folder / "stripes" / "astray.png")
    (folder / "stripes" / "cut.png").write_bytes((folder / "spots" / "02.png").read_bytes()[:99])
    (folder / "stripes" / ".DS_Store").touch()
    return folder


@pytest.fixture(scope="module")
def models(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, one of which was taught."""
    folder = tmp_path_factory.mktemp("build") / "models"
    assert main(["--photos", str(photos), "--name", "patterns", "--models-dir", str(folder)]) == 0
    return folder


def test_the_taught_model_is_served_like_any_other(models: Path, photos: Path):
    exporter = local_exporter(ROOT / "functions", {})
    model = ensure_model("patterns", models, exporter, [].append)
    artifact = load_artifact(model.folder)
    classifier = Classifier(artifact, load_model(artifact, threads=1), lambda: 0.0)

    assert [label.label for label in artifact.labels] == ["spots", "stripes"]
    assert artifact.manifest.weights["source"].endswith("photos of 2 classes")
    for name in ("spots", "stripes"):
        answers = [
            classifier.classify(path.read_bytes(), 1).predictions[0].label
            for path in (photos / name).glob("[0-9]*.png")
        ]
        assert answers.count(name) >= 13


def test_the_report_is_on_photos_that_did_not_teach_it(models: Path):
    report = json.loads((models / "../evaluations/patterns/evaluation.json").read_text())
    agreement = load_artifact(models / "patterns").manifest.agreement
    taught = (models / "patterns" / "made_from.txt").read_text().split()

    judged = report["figures"]["top1"]["photos"]
    assert judged + len(taught) == 27
    assert 2 <= judged <= 13
    assert agreement["same_top1"] == agreement["photos"] == judged + 20
    assert report["lists"]["Alike"] == [
        "spots/00.png = spots/copy.png (left out)",
        "spots/01.png (left out) = stripes/astray.png (left out)",
    ]
    assert [line.partition(":")[0] for line in report["lists"]["Left out"]] == [
        "stripes/.DS_Store",
        "stripes/cut.png",
    ]
    assert not report["notes"]


def test_the_same_photos_give_the_same_bytes(models: Path, photos: Path):
    folder = models / "patterns"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main(["--photos", str(photos), "--name", "patterns", "--models-dir", str(models)]) == 0

    assert {name: (folder / name).read_bytes() for name in before} == before
    report = json.loads((models / "../evaluations/patterns/evaluation.json").read_text())
    assert report["facts"]["old model"] == "not compared: it is the same, byte for byte"


def test_answers_of_people_correct_and_add_photos_and_the_report_compares(
    models: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    build, sent = tmp_path / "build", tmp_path / "sent" / "monday"
    shutil.copytree(models.parent, build)
    sent.mkdir(parents=True)
    Image.open(photos / "spots" / "05.png").rotate(90).save(sent / "new.png")
    held_out = json.loads((build / "evaluations/patterns/evaluation.json").read_text())
    taught = (build / "models/patterns/made_from.txt").read_text().split()
    spots = {sha256(path.read_bytes()).hexdigest() for path in (photos / "spots").glob("1*.png")}
    wrong = min(spots.intersection(taught))
    added = sha256((sent / "new.png").read_bytes()).hexdigest()
    rows = [feedback(d, image_sha256=d, true_label="stripes") for d in (wrong, added)]
    (tmp_path / "feedback.jsonl").write_text("".join(jsonl_lines(rows)))
    options = (
        "--feedback",
        str(tmp_path / "feedback.jsonl"),
        "--feedback-photos",
        str(sent.parent),
    )
    options += (
        "--photos",
        str(photos),
        "--name",
        "patterns",
        "--models-dir",
        str(build / "models"),
    )

    assert main(options) == 0
    report = json.loads((build / "evaluations/patterns/evaluation.json").read_text())
    compared = report["comparison"]
    assert [len(report["lists"][title]) for title in ("Corrected", "Added")] == [1, 1]
    assert compared["old"] == held_out["figures"]["top1"]
    assert compared["new"] == report["figures"]["top1"]
    assert compared["seen_by_old"] == 0
    assert {*taught, added} == {*(build / "models/patterns/made_from.txt").read_text().split()}
    assert compared["sentence"] in capsys.readouterr().out
    assert compared["sentence"] in (build / "evaluations/patterns/evaluation.html").read_text()


def test_an_evaluation_knows_what_taught_it(
    models: Path, photos: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(ROOT)
    shutil.copytree(photos, tmp_path / "photos")
    (tmp_path / "photos" / "stripes" / "astray.png").unlink()
    options = ("--model", "patterns", "--models-dir", str(models), "--output", str(tmp_path / "o"))

    assert evaluate(["--photos", str(tmp_path / "photos"), *options]) == 0
    report = json.loads((tmp_path / "o" / "evaluation.json").read_text())
    count = len((models / "patterns" / "made_from.txt").read_text().split())
    assert report["notes"][0].startswith(f"{count} of these 29 photos were used")


def test_an_image_gets_the_artifact_and_its_golden_photos_alone(models: Path, tmp_path: Path):
    (tmp_path / "staged" / "before").mkdir(parents=True)

    assert stage_model("patterns", models, tmp_path / "staged")
    staged = {path.name for path in (tmp_path / "staged" / "patterns").iterdir()}
    assert staged == {"model.tflite", "model.json", "labels.json", "golden"}
    assert [path.name for path in (tmp_path / "staged").iterdir()] == ["patterns"]
    assert not stage_model("resnet50", models, tmp_path / "staged")
    with pytest.raises(DeployFailed, match="no model wasps"):
        stage_model("wasps", models, tmp_path / "staged")


def test_a_model_s_scores_are_calibrated_in_its_graph(tmp_path: Path, labelled_photos: Path):
    folder = tmp_path / "efficientnet-lite0"
    exporter = ("--", "--model", "efficientnet-lite0", "--output", str(folder))
    assert calibrated.main(["--photos", str(labelled_photos), *exporter]) == 0

    artifact = load_artifact(folder)
    calibration = artifact.manifest.calibration
    assert calibration
    assert calibration.temperature < 1, "it claims too little"
    assert calibration.error_after < calibration.error_before
    assert calibration.photos == len((folder / "made_from.txt").read_text().split()) == 40
    assert artifact.manifest.agreement["same_top1"] == 22


@pytest.mark.parametrize(
    ("table", "sentence"),
    [("bee.png,bee", "fewer than 20 photos"), ("bee.png,wasp nest", "has photos of wasp nest")],
)
def test_calibration_says_in_one_line_what_its_photos_lack(
    tmp_path: Path, table: str, sentence: str, capfd: pytest.CaptureFixture[str]
):
    Image.effect_noise((30, 30), 60).save(tmp_path / "bee.png")
    (tmp_path / "labels.csv").write_text(f"file,label\n{table}\n")
    exporter = ("--", "--model", "efficientnet-lite0", "--output", str(tmp_path / "out"))

    assert calibrated.main(["--photos", str(tmp_path), *exporter]) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error")]
    assert sentence in line
    assert not (tmp_path / "out").exists()


def test_photos_that_cannot_be_read_do_not_calibrate(tmp_path: Path):
    for i in range(20):
        (tmp_path / f"{i}.png").write_bytes(b"damaged")
    Image.effect_noise((30, 30), 60).save(tmp_path / "0.png")
    rows = "".join(f"{i}.png,bee\n" for i in range(20))
    (tmp_path / "labels.csv").write_text(f"file,label\n{rows}")
    calibrate_on = calibrated.prepare(tmp_path, 0.95, efficientnet_lite0_recipe(None))

    with pytest.raises(PhotosInvalid, match="fewer than 20 photos that can be read"):
        calibrate_on(InputSpec(32, 32, 32), lambda _: np.full(1000, 0.001, np.float32))


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[dict[str, int]], Path]:
    """So many small photos of each class."""

    def make(classes: dict[str, int]) -> Path:
        for name, count in classes.items():
            (tmp_path / name).mkdir(parents=True)
            for i in range(count):
                noise = Image.effect_noise((30, 30), 60 + i)
                noise.save(tmp_path / name / f"{i}.png")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ({"ants": 6, "bees": 4}, "error: bees has 4 photos"),
        ({"ants": 6}, "error: There is one class only, ants"),
        ({"train/ants": 6, "train/bees": 6}, "holds a folder, ants"),
        ({}, "has no photos"),
    ],
)
def test_says_in_one_line_what_the_folder_lacks(
    folder_of, classes: dict[str, int], sentence: str, capfd: pytest.CaptureFixture[str]
):
    folder = folder_of(classes)
    output = folder.with_name("out") / "models"

    assert main(["--photos", str(folder), "--name", "x", "--models-dir", str(output)]) == 1
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error")]
    assert sentence in line
    assert not (output / "x").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--name", "resnet50"),
        ("--name", "a/b"),
        ("--name", "x", "--test", "1.5"),
        ("--name", "x", "--feedback-photos", "sent"),
    ],
)
def test_refuses_names_and_shares_that_mean_something_else(wrong: tuple[str, ...]):
    with pytest.raises(SystemExit):
        main(["--photos", "nowhere", *wrong])
