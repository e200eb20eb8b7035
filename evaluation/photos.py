"""Labelled photos on this machine: a folder for each class, or a table of files and labels."""

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from image_classifier.artifact import Label
from image_classifier.shards import MAX_PHOTO_BYTES
from infra.commands.collection.folder import FolderPhotos
from serving.collection import PhotoEmpty
from serving.errors import ServiceError

TABLE = "labels.csv"
NAMED_AT_MOST = 5


class PhotosInvalid(ServiceError):
    """The folder or the table does not say which photo is of which class."""

    code: ClassVar[str] = "photos_invalid"


@dataclass(frozen=True)
class LabelledPhoto:
    """A file below ``folder``, and the class it is said to be of, as it is written there."""

    folder: Path
    key: str
    label: str

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            ServiceError: it is gone, empty, too large, or no regular file.
        """
        data = FolderPhotos(self.folder).read(self.key, MAX_PHOTO_BYTES)
        if not data:
            raise PhotoEmpty("The file is empty.")
        return data


@dataclass(frozen=True)
class Listing:
    """Photos in their order, and where that is from; ``left_out`` says why of each other file."""

    source: Path
    photos: tuple[LabelledPhoto, ...]
    left_out: dict[str, str] = field(default_factory=dict)


def list_photos(folder: Path, table: Path | None) -> Listing:
    """The photos that ``table`` names, or ``folder``'s ``labels.csv``; else one folder a class.

    Raises:
        PhotosInvalid
    """
    if not folder.is_dir():
        raise PhotosInvalid(f"{folder} is not a folder.")
    if table is None and (folder / TABLE).is_file():
        table = folder / TABLE
    return list_table(folder, table) if table else list_folders(folder)


def list_folders(folder: Path) -> Listing:
    """One folder a class. Hidden files, and files beside the folders, are left out.

    Raises:
        PhotosInvalid: there are no such folders, or there are folders in them.
    """
    photos, left_out = [], {}
    for entry in _entries(folder):
        if entry.name.startswith("."):
            left_out[entry.name] = "hidden"
        elif not entry.is_dir():
            left_out[entry.name] = "in no class's folder"
        else:
            inside = {f"{entry.name}/{path.name}": path for path in _entries(entry)}
            hidden = [key for key, path in inside.items() if path.name.startswith(".")]
            shown = [key for key, path in inside.items() if not path.name.startswith(".")]
            left_out |= dict.fromkeys(hidden, "hidden")
            for key in shown:
                if inside[key].is_dir():
                    raise PhotosInvalid(
                        f"{entry} holds a folder, {inside[key].name}: a class's photos must be in "
                        "its folder itself."
                    )
            photos += [LabelledPhoto(folder, key, entry.name) for key in shown]
    if not photos:
        raise PhotosInvalid(f"{folder} has no photos: it needs a folder of them for each class.")
    _refuse_same({photo.label: photo.label.casefold() for photo in photos}, "name")
    return Listing(folder, tuple(photos), left_out)


def list_table(folder: Path, table: Path) -> Listing:
    """Rows of ``file`` (below ``folder``) and ``label``, or ``wnid`` where both are there.

    Raises:
        PhotosInvalid: it cannot be read, has other columns or no rows, or labels a file twice.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            photos = [
                _row(folder, table, line, row) for line, row in enumerate(csv.DictReader(file), 2)
            ]
    except OSError as exc:
        raise PhotosInvalid(f"{table} cannot be read: {exc.strerror}.") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise PhotosInvalid(f"{table} is not a CSV file in UTF-8.") from exc
    if not photos:
        raise PhotosInvalid(f"{table} is empty: it needs the columns file and label, and rows.")
    for key, count in Counter(photo.key for photo in photos).items():
        if count > 1:
            raise PhotosInvalid(f"{table} labels {key} {count} times; once is enough.")
    return Listing(table, tuple(photos))


def class_indices(listing: Listing, model: str, labels: Sequence[Label]) -> list[int]:
    """The class of each photo: its label is a class's name, wnid, index or only synonym.

    Raises:
        PhotosInvalid: the model has no such class, or several; or two folders are of one class.
    """
    texts = dict.fromkeys(photo.label for photo in listing.photos)
    found = {text: _matches(text, labels) for text in texts}
    unknown = [text for text, matches in found.items() if not matches]
    if unknown:
        raise PhotosInvalid(
            f"{listing.source} has photos of {_names(unknown)}, but {model}'s {len(labels):,} "
            f"classes are {_names([label.label for label in labels])}: label them by a class's "
            "name, wnid or index."
        )
    for text, matches in found.items():
        if len(matches) > 1:
            names = _names([f"{labels[i].label} ({i})" for i in matches])
            raise PhotosInvalid(f"{text} is more than one class of {model}: {names}; say which.")
    if listing.source.is_dir():
        _refuse_same({text: str(matches[0]) for text, matches in found.items()}, "class")
    return [found[photo.label][0] for photo in listing.photos]


def _refuse_same(meanings: dict[str, str], what: str) -> None:
    """Folder → what it stands for, which no two may share."""
    by_meaning = sorted(meanings, key=lambda name: meanings[name])
    for name, following in itertools.pairwise(by_meaning):
        if meanings[name] == meanings[following]:
            raise PhotosInvalid(f"The folders {name} and {following} are of one {what}: join them.")


def _matches(text: str, labels: Sequence[Label]) -> list[int]:
    """Classes that ``text`` may mean, by the first way that finds any."""
    name = text.strip().casefold()
    ways = (
        [label.index for label in labels if label.label.casefold() == name],
        [label.index for label in labels if label.wnid == name],
        [label.index for label in labels if str(label.index) == name],
        [label.index for label in labels if name in map(str.casefold, label.synonyms)],
    )
    return next(filter(None, ways), [])


def _row(folder: Path, table: Path, line: int, row: dict[str, str | None]) -> LabelledPhoto:
    key, label = row.get("file"), row.get("wnid") or row.get("label")
    if not key or not label:
        raise PhotosInvalid(f"{table}, line {line}: there is no file or no label in it.")
    return LabelledPhoto(folder, key, label)


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError as exc:
        raise PhotosInvalid(f"{folder} cannot be read: {exc.strerror}.") from exc


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_AT_MOST:,} more" if len(names) > NAMED_AT_MOST else ""
    return ", ".join(names[:NAMED_AT_MOST]) + more
