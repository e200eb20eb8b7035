import numpy as np
import pytest
from scipy.special import log_softmax

from evaluation.distribution import shares_in
from evaluation.figures import calibration_error
from teaching.calibrate import calibrate, threshold_for


def answers(sharpness: float, count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes that are right as often as they say, made ``sharpness`` as steep."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, 3)) * 2
    probabilities = np.exp(log_softmax(logits, axis=1))
    truth = np.array([rng.choice(3, p=row) for row in probabilities])
    return log_softmax(logits * sharpness, axis=1), truth


@pytest.mark.parametrize("sharpness", [0.5, 2.5])
def test_finds_the_temperature_that_makes_scores_shares(sharpness: float):
    logs, truth = answers(sharpness, 3000)
    calibration = calibrate(logs, truth, 0.9, "photos of a test")
    later_logs, later_truth = answers(sharpness, 3000, seed=4)
    scores = np.exp(log_softmax(later_logs / calibration.temperature, axis=1).max(axis=1))

    assert calibration.temperature == pytest.approx(sharpness, rel=0.1)
    assert calibration.error_after < 0.03 < calibration.error_before
    assert calibration_error(scores, later_logs.argmax(axis=1) == later_truth) < 0.03


@pytest.mark.parametrize("count", [19, 3000])
def test_scores_that_are_few_or_right_already_stay_as_they_are(count: int):
    logs, truth = answers(1, count)
    calibration = calibrate(logs, truth, 0.9, "")

    assert calibration.error_after <= calibration.error_before
    assert calibration.temperature == pytest.approx(1, abs=0.05)


def test_photos_that_are_all_right_do_not_make_it_certain():
    logs = np.log(np.tile([0.7, 0.3], (30, 1)))
    calibration = calibrate(logs, np.zeros(30, int), 0.9, "")

    assert 0.2 < calibration.temperature < 1


def test_the_threshold_is_the_lowest_score_with_the_precision():
    scores = np.linspace(0.99, 0.5, 50)
    right = np.arange(50) < 40
    threshold = threshold_for(scores, right, 0.9)

    assert threshold
    assert threshold.coverage == 44 / 50
    assert threshold.precision == round(40 / 44, 4) >= 0.9
    assert (scores >= threshold.score).sum() == 44


def test_equal_scores_are_on_one_side():
    scores, right = np.repeat([0.9, 0.8], 25), np.arange(50) < 30
    threshold = threshold_for(scores, right, 0.8)

    assert threshold
    assert (threshold.score, threshold.coverage, threshold.precision) == (0.9, 0.5, 1)


def test_no_score_is_promised_what_too_few_photos_show():
    assert threshold_for(np.linspace(0.9, 0.5, 60), np.arange(60) < 19, 0.99) is None
    assert threshold_for(np.linspace(0.9, 0.5, 60), np.arange(60) % 2 == 0, 0.95) is None


def test_the_distributions_are_of_the_calibrated_scores():
    logs, truth = answers(0.5, 3000)
    calibration = calibrate(logs, truth, 0.9, "")
    scores = np.exp(log_softmax(logs / calibration.temperature, axis=1).max(axis=1))
    top_score = calibration.distributions["top_score"]

    assert set(calibration.distributions) == {"top_score", "entropy"}
    assert shares_in(top_score.edges, scores) == pytest.approx([0.1] * 10, abs=0.001)
    assert not calibrate(logs[:19], truth[:19], 0.9, "").distributions
