"""``make drift``: predictions as they are logged, beside a model's own distribution."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from evaluation.answers import answers_of
from evaluation.distribution import bins_of
from evaluation.drift.__main__ import main
from evaluation.drift.compare import DIFFERENT, measure_drift
from evaluation.photos import LabelledPhoto, list_folders, list_photos
from image_classifier.artifact import Calibration, load_artifact
from image_classifier.certainty import certainty_of
from image_classifier.runtime import load_model
from serving.telemetry import PowertoolsTelemetry, Record
from teaching.calibrate import calibrate
from teaching.head import fit_head
from tests.classifier_fakes import calibrated_copy
from tests.conftest import ROOT

RNG = np.random.default_rng(9)


@pytest.fixture
def models(tmp_path: Path, embedded_model: Path) -> Path:
    """The embedded model as ``mine``, with the distribution of 400 photos."""
    bins = bins_of(RNG.beta(8, 2, 400).tolist())
    calibration = Calibration(1.0, 0.1, 0.1, 400, "photos", None, {"top_score": bins})
    return calibrated_copy(embedded_model, tmp_path / "models" / "mine", calibration).parent


@pytest.fixture
def log(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., None]:
    """Predictions of these scores, logged as functions do, two by each request."""
    version = load_artifact(models / "mine").manifest.version
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", tmp_path.name)  # a logger keeps its first stream
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Space")
    (tmp_path / "logs").mkdir()

    def write(scores: Sequence[float], model_version: str = version) -> None:
        capsys.readouterr()
        for pair in np.reshape(scores, (-1, 2)):
            record = Record("r-1", {}, cold_start=False)
            for score in pair:
                record.add_prediction(model_version, {"top_score": score})
            PowertoolsTelemetry().note(record)
        with (tmp_path / "logs" / "ClassifierFunction.log").open("a") as file:
            file.write(capsys.readouterr().out + f"a trace of {version}\n")

    return write


def drift(models: Path, *options: str) -> int:
    return main(
        [
            *("--model", "mine", "--models-dir", str(models)),
            *("--data", str(models.parent), *options),
        ]
    )


@pytest.mark.parametrize(
    ("scores", "code", "words"),
    [
        (RNG.beta(8, 2, 600), 0, "as on the photos held out"),
        (RNG.beta(7, 3, 600), 1, "different: look at recent photos"),
    ],
)
def test_predictions_are_judged_by_how_far_they_are_from_those_held_out(
    models: Path, log: Callable[..., None], capsys, scores: np.ndarray, code: int, words: str
):
    log(scores)

    assert drift(models) == code
    output = capsys.readouterr().out
    assert words in output
    assert "the last 600 predictions beside photos" in output
    assert output.count("│") == 10


def test_only_the_last_predictions_of_this_version_count(models: Path, log: Callable[..., None]):
    log(RNG.beta(3, 9, 400))
    log(RNG.beta(8, 2, 300))
    log(RNG.beta(3, 9, 400), "another")

    assert drift(models, "--last", "300") == 0
    assert drift(models, "--last", "500") == 1


def test_too_few_predictions_are_not_judged(models: Path, log: Callable[..., None], capsys):
    log(RNG.beta(3, 9, 198))

    assert drift(models) == 0
    assert "the last 198 predictions are too few to compare" in capsys.readouterr().out


def test_a_model_without_a_distribution_is_one_sentence(capsys, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(ROOT)

    assert main(["--model", "efficientnet-lite0", "--models-dir", str(tmp_path)]) == 2
    assert "has no distribution to compare with" in capsys.readouterr().err


def test_photos_of_another_kind_are_noticed_and_more_of_the_same_are_not(
    labelled_photos: Path, teaching_photos: Path, embedded_model: Path
):
    """Ants and bees are told apart by what the embedded model takes them for."""
    artifact = load_artifact(embedded_model)
    infer = load_model(artifact, threads=1)

    def logs_of(photos: Sequence[LabelledPhoto]) -> np.ndarray:
        answers = answers_of(photos, [0] * len(photos), artifact.manifest.input, infer)
        return np.log(answers.probabilities.clip(1e-6))

    insects = list_folders(teaching_photos).photos
    features = logs_of(insects)
    truth = np.array([photo.label == "bees" for photo in insects], np.int64)
    held_out = np.random.default_rng(0).permutation(len(insects)) < 50
    folds = np.arange((~held_out).sum()) % 5
    head = fit_head(features[~held_out, None], truth[~held_out], folds)
    calibration = calibrate(head.unseen, truth[~held_out], 0.9, "ants and bees")

    def indices(rows: np.ndarray) -> list[float]:
        logits = (rows @ head.weights + head.bias) / calibration.temperature
        seen = [vars(certainty_of(row)) for row in np.exp(log_softmax(logits, axis=1))]
        predictions = {name: [values[name] for values in seen] for name in seen[0]}
        return [found.index for found in measure_drift(calibration, predictions)]

    others = list_photos(labelled_photos, None).photos
    assert max(indices(features[held_out])) < DIFFERENT
    assert min(indices(logs_of(others))) > 2 * DIFFERENT
