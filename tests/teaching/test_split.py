import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evaluation.photos import LabelledPhoto
from teaching.features import Features, difference_hash
from teaching.split import (
    TooFewPhotos,
    check_enough,
    drawn,
    find_duplicates,
    folds,
    held_out,
)
from tests.conftest import ROOT


def features_of(digests: list[str], hashes: list[int]) -> Features:
    photos = tuple(LabelledPhoto(ROOT, f"{i}.jpg", "") for i in range(len(digests)))
    values = np.zeros((len(digests), 2, 1), np.float32)
    return Features(photos, tuple(digests), np.array(hashes, np.uint64), values, {})


FAR = [0, 0xFF, 0xFFFF, 0xFFFFFF]


def test_copies_are_left_out_and_alike_ones_are_one_group():
    features = features_of(["a", "a", "b", "c", "d"], [FAR[0], FAR[0], FAR[0] + 3, FAR[1], FAR[2]])
    found = find_duplicates(features, np.array([0, 0, 0, 1, 1]))

    assert found.kept.tolist() == [True, False, True, True, True]
    assert len(set(found.groups[:3])) == 1
    assert len(set(found.groups)) == 3
    assert found.lines == ["0.jpg ≈ 1.jpg (left out) ≈ 2.jpg"]


def test_a_file_of_two_classes_is_left_out_altogether():
    found = find_duplicates(
        features_of(["a", "a", "b"], FAR[:1] * 2 + FAR[1:2]), np.array([0, 1, 1])
    )

    assert found.kept.tolist() == [False, False, True]
    assert found.lines == ["0.jpg (left out) = 1.jpg (left out)"]


def test_another_size_and_quality_of_a_photo_is_near_it_and_another_photo_far(tmp_path):
    noise = np.random.default_rng(9).integers(0, 256, (2, 9, 12), np.uint8)
    photo, other = (Image.fromarray(values).resize((800, 600)) for values in noise)
    photo.resize((300, 225)).save(tmp_path / "small.jpg", quality=40)
    hashes = [
        difference_hash(image) for image in (photo, Image.open(tmp_path / "small.jpg"), other)
    ]

    assert np.bitwise_count(hashes[0] ^ hashes[1]) <= 4
    assert np.bitwise_count(hashes[0] ^ hashes[2]) > 12


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=15), st.integers(0, 9))
def test_no_group_is_on_both_sides_or_in_two_folds(pairs: list[tuple[int, int]], seed: int):
    labels, groups = (np.array(column) for column in zip(*pairs, strict=True))
    draws = np.random.default_rng(seed).random(len(labels))
    test, numbers = held_out(labels, groups, draws, 0.2), folds(labels, groups, draws)

    for group in np.unique(groups):
        assert len(set(test[groups == group])) == 1
        assert len(set(numbers[groups == group])) == 1


def test_the_share_and_the_folds_have_every_class_alike():
    labels, groups = np.repeat([0, 1, 2], [500, 200, 5]), np.arange(705)
    draws = drawn([str(i) for i in groups], 1)
    shares = np.bincount(labels[held_out(labels, groups, draws, 0.2)]) / [500, 200, 5]

    assert shares[:2] == pytest.approx(0.2, abs=0.06)
    for fold in range(5):
        assert np.bincount(labels[folds(labels, groups, draws) == fold]).tolist() == [100, 40, 1]


@pytest.mark.parametrize(("share", "count"), [(0.001, 1), (0.999, 3)])
def test_of_few_photos_one_is_held_out_and_two_are_left(share: float, count: int):
    draws = np.linspace(0.1, 0.5, 5)

    assert held_out(np.zeros(5, int), np.arange(5), draws, share).sum() == count


def test_what_is_held_out_stays_so_when_photos_are_added():
    digests, labels = [str(i) for i in range(300)], np.arange(300) % 3
    groups = np.array([*range(250), *range(50)])  # the last 50 are like the first
    before = held_out(labels[:150], groups[:150], drawn(digests[:150], 7), 0.2)
    after = held_out(labels, groups, drawn(digests, 7), 0.2)

    assert after[:150][before].all()
    assert after[50:150].tolist() == before[50:150].tolist()


@pytest.mark.parametrize(
    ("classes", "labels", "sentence"),
    [
        (["ants"], [0] * 9, "There is one class only, ants"),
        (["ants", "bees"], [0] * 9 + [1] * 4, "bees has 4 photos"),
        (["ants", "bees"], [0] * 9, "bees has 0 photos"),
    ],
)
def test_says_what_there_is_too_little_of(classes: list[str], labels: list[int], sentence: str):
    with pytest.raises(TooFewPhotos, match=sentence):
        check_enough(classes, np.array(labels), np.arange(len(labels)))


def test_alike_photos_count_once():
    with pytest.raises(TooFewPhotos, match="bees has 2 photos"):
        check_enough(["ants", "bees"], np.repeat([0, 1], 6), np.array([*range(6), *[6] * 5, 7]))
