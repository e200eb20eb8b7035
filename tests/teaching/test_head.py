import numpy as np
import pytest

from teaching.head import fit_head


@pytest.mark.parametrize("classes", [2, 3])
def test_learns_what_it_has_not_seen_and_the_same_again(classes: int):
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(classes), 20)
    centres = rng.normal(size=(classes, 12)) * 3
    values = (centres[labels, None] + rng.normal(size=(len(labels), 2, 12))).astype(np.float32)
    folds = np.arange(len(labels)) % 5
    head, again = (fit_head(values, labels, folds) for _ in range(2))

    logits = values[:, 0] @ head.weights + head.bias
    assert head.weights.shape == (12, classes)
    assert (logits.argmax(axis=1) == labels).mean() > 0.95
    assert np.exp(head.unseen).sum(axis=1) == pytest.approx(1)
    assert (head.unseen.argmax(axis=1) == labels).mean() > 0.9
    assert head.weights.tobytes() == again.weights.tobytes()


def test_a_photo_s_own_label_is_not_in_what_is_said_of_it():
    rng = np.random.default_rng(6)
    values = rng.normal(size=(40, 2, 400)).astype(np.float32)  # noise: all can be learnt by heart
    labels = np.arange(40) % 2
    head = fit_head(values, labels, np.arange(40) // 8)

    by_heart = (values[:, 0] @ head.weights + head.bias).argmax(axis=1) == labels
    assert by_heart.mean() > 0.9
    assert (head.unseen.argmax(axis=1) == labels).mean() < 0.7
