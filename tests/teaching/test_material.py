"""Features that are kept, and who teaches whom, without a real network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.photos import PhotosInvalid, list_folders
from image_classifier.artifact import InputSpec
from teaching.features import Extractor
from teaching.material import collect
from teaching.split import TooFewPhotos

SPEC = InputSpec(32, 32, 32)


class Corner:
    """A network that gives the colour of the left upper corner, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.asked += 1
        return pixels[0, 0, 0]


@pytest.fixture
def network() -> Corner:
    return Corner()


@pytest.fixture
def extractor(network: Corner, tmp_path: Path) -> Extractor:
    (tmp_path / "cache").mkdir()
    return Extractor(SPEC, network, tmp_path / "cache")


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    def photos(name: str, classes: dict[str, int], seed: int) -> Path:
        rng = np.random.default_rng(seed)
        for label, count in classes.items():
            (tmp_path / name / label).mkdir(parents=True)
            for i in range(count):
                squares = np.kron(rng.integers(0, 256, (8, 8, 3), np.uint8), np.ones((4, 4, 1)))
                image = Image.fromarray(squares.astype(np.uint8))
                image.save(tmp_path / name / label / f"{i}.png")
        return tmp_path / name

    return photos


def test_features_are_of_the_photo_and_its_mirror_image_and_are_kept(draw, extractor, network):
    folder = draw("photos", {"ants": 3}, 1)
    first = extractor.extract(list_folders(folder).photos)
    pixels = np.asarray(Image.open(folder / "ants" / "0.png"), np.float32)
    (folder / "ants" / "3.png").write_bytes((folder / "ants" / "1.png").read_bytes())
    (folder / "ants" / "4.png").touch()
    second = extractor.extract(list_folders(folder).photos)

    assert first.values[0].tolist() == [pixels[0, 0].tolist(), pixels[0, -1].tolist()]
    assert network.asked == 6
    assert second.values[:3].tobytes() == first.values.tobytes()
    assert second.values[3].tobytes() == first.values[1].tobytes()
    assert second.skipped == {"ants/4.png": "The file is empty."}


def test_photos_like_those_of_the_test_do_not_teach(draw, extractor):
    photos, tests = (draw(name, {"ants": 7, "bees": 7}, i) for i, name in enumerate("ab"))
    (photos / "ants" / "copy.png").write_bytes((tests / "ants" / "0.png").read_bytes())
    other_size = Image.open(tests / "bees" / "0.png").resize((96, 96), Image.Resampling.NEAREST)
    other_size.save(photos / "bees" / "larger.png")
    material = collect(list_folders(photos), list_folders(tests), extractor, seed=0)

    keys = {True: [], False: []}
    for photo, taught, judged in zip(
        material.features.photos, material.taught, material.judged, strict=True
    ):
        if taught or judged:
            keys[bool(judged)].append((photo.folder, photo.key))
    assert len(keys[True]) == 14 == sum(folder == tests for folder, _ in keys[True])
    assert len(keys[False]) == 14 == sum(folder == photos for folder, _ in keys[False])
    assert not {"ants/copy.png", "bees/larger.png"} & {key for _, key in keys[False]}
    assert len(material.lists["Alike"]) == 2
    like = dict(zip(material.features.photos, material.features.sha256, strict=True))
    own = [like[photo] for photo in material.chosen(material.taught)]
    larger = next(digest for photo, digest in like.items() if photo.key == "bees/larger.png")
    assert (material.seen(own), material.seen([*own, larger])) == (0, 1)


def test_added_photos_teach_and_are_not_judged_by_nor_are_those_like_them(draw, extractor):
    photos, more = (draw(name, {"ants": 9, "bees": 9}, i) for i, name in enumerate("ab"))
    listing, added = list_folders(photos), list_folders(more).photos
    alone = collect(listing, 0.3, extractor, seed=0)
    judged = alone.chosen(alone.judged)
    like = more / judged[0].label / "like.png"
    image = Image.open(photos / judged[0].key)
    image.resize((96, 96), Image.Resampling.NEAREST).save(like)
    material = collect(listing, 0.3, extractor, 0, list_folders(more).photos)

    assert material.chosen(material.judged) == judged
    taught = material.chosen(material.taught)
    assert {*taught} == {*alone.chosen(alone.taught), *added}


def test_a_test_of_other_classes_is_refused(draw, extractor):
    photos, tests = draw("a", {"ants": 6, "bees": 6}, 1), draw("b", {"wasps": 6}, 2)

    with pytest.raises(PhotosInvalid, match="photos of wasps"):
        collect(list_folders(photos), list_folders(tests), extractor, seed=0)


def test_the_same_folder_twice_leaves_nothing_to_teach_with(draw, extractor):
    listing = list_folders(draw("a", {"ants": 6, "bees": 6}, 1))

    with pytest.raises(TooFewPhotos, match="ants has 0 photos"):
        collect(listing, listing, extractor, seed=0)
