import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from image_classifier.artifact import Label
from image_classifier.ranking import rank

LABELS = tuple(Label(i, None, f"class {i}") for i in range(10))


@given(arrays(np.float32, 10, elements=st.floats(0, 1, width=32)), st.integers(1, 10))
def test_ranks_best_first_without_losing_or_repeating_a_class(probabilities, top_k):
    ranked = rank(probabilities, LABELS, top_k)

    scores = [prediction.score for prediction in ranked]
    assert len({prediction.label for prediction in ranked}) == top_k
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == round(float(probabilities.max()), 6)


def test_breaks_ties_in_class_order():
    tied = np.full(10, 0.1, dtype=np.float32)

    assert [prediction.label for prediction in rank(tied, LABELS, 3)] == [
        "class 0",
        "class 1",
        "class 2",
    ]
