import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_classifier.certainty import Certainty, certainty_of


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([1, 0, 0], Certainty(1, 0)),
        ([0.25] * 4, Certainty(0.25, 1)),
        ([0.5, 0.5, 0, 0], Certainty(0.5, 0.5)),
        ([1], Certainty(1, 0)),
    ],
)
def test_entropy_is_a_share_of_what_it_can_be(probabilities: list[float], expected: Certainty):
    assert certainty_of(np.array(probabilities, np.float32)) == expected


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=40))
def test_both_are_between_nothing_and_all(logits: list[float]):
    powers = np.exp(np.array(logits, np.float32))
    certainty = certainty_of(powers / powers.sum())

    assert 0 <= certainty.entropy <= 1
    assert 1 / len(logits) <= certainty.top_score + 1e-6 <= 1 + 2e-6
