"""What is listed becomes batches: bounded, in order, nothing lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_collections.plan import (
    MAX_BATCH_BYTES,
    batches,
    may_be_photo,
    planned_batches,
    read_plan,
    write_plan,
)
from serving.collection import Batch, NoPhotos, Photo
from tests.collection_fakes import MemoryOutput

STEP_FUNCTIONS_MAX_INPUT = 256 * 1024


@given(st.lists(st.builds(Photo, st.text(max_size=50), st.integers(0, MAX_BATCH_BYTES))))
def test_batches_hold_every_photo_in_order(photos: list[Photo]):
    planned = list(batches(photos, max_photos=7))

    assert [photo for batch in planned for photo in batch.photos] == photos
    assert [batch.number for batch in planned] == list(range(len(planned)))
    for batch in planned:
        assert 1 <= len(batch.photos) <= 7
        size = sum(photo.size or 0 for photo in batch.photos)
        assert len(batch.photos) == 1 or size <= MAX_BATCH_BYTES


@pytest.mark.parametrize("letter", ["x", "é", "😀", "\udce9", '"', "\n"])
def test_a_line_of_the_longest_keys_fits_into_a_child_s_input(letter: str):
    key = letter * (1024 // len(letter.encode("utf-8", "surrogateescape")))

    for batch in batches([Photo(key, 1)] * 300, max_photos=100):
        line = batch.to_line()
        assert len(line) < STEP_FUNCTIONS_MAX_INPUT * 0.8
        assert Batch.from_item(json.loads(line)) == batch


def test_a_plan_says_what_it_holds():
    output = MemoryOutput()
    entries = [Photo("a.jpg", 3), Photo("b.txt", 1), Photo("c/", 0), Photo("c/d.PNG", 4)]

    plan = write_plan(entries, output, max_photos=1)

    assert (plan.photos, plan.size, plan.batches, plan.others) == (2, 7, 2, 1)
    assert read_plan(output) == plan
    assert [b.photos[0].key for b in planned_batches(output)] == ["a.jpg", "c/d.PNG"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        *(("a.jpg", True), ("A.JPEG", True), ("x/y.HEIC", True), ("3f2a", True), ("a.b/c", True)),
        *(("notes.txt", False), (".DS_Store", False), ("x/._a.jpg", False), ("x/", False)),
        *(("__MACOSX/a.jpg", False), ("x/__MACOSX/a.jpg", False)),
    ],
)
def test_names_say_what_may_be_a_photo(key: str, *, expected: bool):
    assert may_be_photo(Photo(key, 1)) is expected


@pytest.mark.parametrize(
    ("entries", "message"),
    [([], "There are no files."), ([Photo("a.txt", 1)], "no photos among the 1 files")],
)
def test_without_photos_there_is_no_plan(entries: list[Photo], message: str):
    output = MemoryOutput()

    with pytest.raises(NoPhotos, match=message):
        write_plan(entries, output)

    assert read_plan(output) is None
