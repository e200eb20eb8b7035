import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.distribution import bins_of, chance_index, shares_in, stability_index
from image_classifier.artifact import MOST_BINS

RNG = np.random.default_rng(5)


@given(st.lists(st.floats(0, 1).map(lambda x: round(x, 2)), min_size=1, max_size=400))
def test_no_bin_is_empty_or_there_twice_however_many_values_are_equal(values: list[float]):
    bins = bins_of(values)

    assert list(bins.edges) == sorted(set(bins.edges))
    assert len(bins.shares) == len(bins.edges) + 1 <= MOST_BINS
    assert min(bins.shares) > 0
    assert bins.shares == pytest.approx(shares_in(bins.edges, values), abs=1e-4)


@pytest.mark.parametrize(("photos", "bins"), [(20, 2), (128, 6), (1000, 10)])
def test_bins_are_equally_filled_and_as_many_as_the_photos_allow(photos: int, bins: int):
    assert bins_of(RNG.random(photos).tolist()).shares == pytest.approx([1 / bins] * bins, abs=0.02)


def test_a_model_that_is_nearly_always_certain_has_bins_beside_that():
    bins = bins_of([1.0] * 90 + [0.7] * 10)

    assert (bins.edges, bins.shares) == ((0.7,), (0.1, 0.9))


def test_the_index_is_as_by_hand_and_finite_for_an_empty_bin():
    by_hand = 0.1 * np.log(0.6 / 0.5) - 0.1 * np.log(0.4 / 0.5)

    assert stability_index([0.5, 0.5], [0.6, 0.4]) == pytest.approx(by_hand, rel=1e-3)
    assert stability_index([0.2, 0.8], [0.2, 0.8]) == 0
    assert 1 < stability_index([0.5, 0.5, 0], [0, 0.5, 0.5]) < 10


def test_chance_alone_gives_about_what_it_is_said_to():
    indices = []
    for _ in range(300):
        bins = bins_of(RNG.random(400).tolist())
        seen = shares_in(bins.edges, RNG.random(1000).tolist())
        indices.append(stability_index(bins.shares, seen.tolist()))

    assert np.mean(indices) == pytest.approx(chance_index(10, 400, 1000), rel=0.15)
