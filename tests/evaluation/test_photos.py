from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.photos import PhotosInvalid, class_indices, list_photos
from image_classifier.artifact import Label, load_artifact

Files = dict[str, str]
Labels = tuple[Label, ...]


@pytest.fixture(scope="module")
def imagenet(embedded_model: Path) -> Labels:
    return load_artifact(embedded_model).labels


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[Files], Path]:
    def make(files: Files) -> Path:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)
        return tmp_path

    return make


def test_folders_name_classes_and_other_files_are_left_out(folder_of, imagenet: Labels):
    names = ("tench/b.jpg", "tench/a.jpg", "n02206856/c", "310/d", "tabby cat/e")
    others = (".DS_Store", "tench/.hidden", "notes.txt")
    listing = list_photos(folder_of(dict.fromkeys((*names, *others), "")), None)

    assert [photo.key for photo in listing.photos] == sorted(names)
    assert class_indices(listing, "lite0", imagenet) == [310, 309, 281, 0, 0]
    assert set(listing.left_out) == set(others)


@pytest.mark.parametrize("label", ["bee", "Bee", "n02206856", "309"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_names_a_class_in_any_of_three_ways(
    folder_of, imagenet: Labels, label: str, start: str
):
    folder = folder_of({"labels.csv": f"{start}label,file\n{label},a.jpg\n"})

    assert class_indices(list_photos(folder, None), "lite0", imagenet) == [309]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"labels.csv": "file,label\na,bee\nb,wasp nest\n"}, "has photos of wasp nest"),
        ({"labels.csv": "file,label\na,bee\na,ant\n"}, "labels a 2 times"),
        ({"labels.csv": "file,label\na,\n"}, "line 2"),
        ({"labels.csv": "name,what\na,bee\n"}, "line 2"),
        ({"labels.csv": ""}, "is empty"),
        ({"cats/a": "", "dogs/b": ""}, "has photos of cats, dogs, but"),
        ({"bee/a": "", "309/b": ""}, "are of one class"),
        ({"Bee/a": "", "bee/b": ""}, "are of one name"),
        ({"train/bee/a": ""}, "holds a folder, bee"),
        ({"a.jpg": ""}, "has no photos"),
        ({}, "has no photos"),
    ],
)
def test_says_in_one_sentence_what_is_wrong(
    folder_of, imagenet: Labels, files: Files, sentence: str
):
    with pytest.raises(PhotosInvalid, match=sentence) as caught:
        class_indices(list_photos(folder_of(files), None), "lite0", imagenet)
    assert str(caught.value).count(". ") == 0


def test_a_table_that_is_no_text_is_refused(folder_of):
    folder = folder_of({})
    (folder / "labels.csv").write_bytes(b"file,label\n\xff\xfe\x00")

    with pytest.raises(PhotosInvalid, match="UTF-8"):
        list_photos(folder, None)


def test_a_synonym_of_several_classes_is_not_guessed(folder_of, imagenet: Labels):
    several = next(
        name
        for label in imagenet
        for name in label.synonyms
        if sum(name in other.synonyms for other in imagenet) > 1
        and not any(name == other.label for other in imagenet)
    )
    folder = folder_of({"labels.csv": f'file,label\na,"{several}"\n'})

    with pytest.raises(PhotosInvalid, match="more than one class"):
        class_indices(list_photos(folder, None), "lite0", imagenet)
