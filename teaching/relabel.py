"""Photos in folders, and votes on them → photos of the classes that people named."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from evaluation.answers import each_photo
from evaluation.photos import LabelledPhoto, Listing, PhotosInvalid
from infra.commands.collection.folder import FolderPhotos
from teaching.answers import Answer, Votes, count_votes, majority

NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Relabelled:
    """``photos`` of the classes' folders, and those ``added`` to teach with.

    ``facts`` and ``lists`` are the report's, on what became of the answers.
    """

    photos: Listing
    added: tuple[LabelledPhoto, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def relabel(photos: Listing, answers: Sequence[Answer], feedback_folder: Path | None) -> Relabelled:
    """A photo is of the class that most of its answers name, whatever its folder says; it is left
    out where two are named as often. Files below ``feedback_folder`` that have answers are added.

    Raises:
        PhotosInvalid: no photo is left of a class.
        SourceUnavailable: ``feedback_folder`` cannot be read.
    """
    classes = {photo.label for photo in photos.photos}
    votes = count_votes(answers, classes)
    listed = _answered(photos.photos, votes)
    in_folder = _answered(_files(feedback_folder), votes) if feedback_folder else {}
    # Of copies one is enough, and none is needed of what is in a class's folder.
    by_digest = {digest: photo for photo, digest in in_folder.items()}
    digests = {*listed.values()}
    further = {photo: d for d, photo in by_digest.items() if d not in digests}
    decided = {photo: majority(votes.by_photo[d]) for photo, d in (listed | further).items()}
    labels = {photo: decided.get(photo, photo.label) for photo in photos.photos}
    labelled = [replace(photo, label=label) for photo, label in labels.items() if label]
    if lost := classes - {photo.label for photo in labelled}:
        raise PhotosInvalid(f"By the answers no photo in {photos.source} is of {min(lost)}.")
    added = [replace(photo, label=label) for photo in further if (label := decided[photo])]
    lists = {
        "Corrected": [
            f"{photo.key}: {label}"
            for photo, label in labels.items()
            if label not in (None, photo.label)
        ],
        "Added": [f"{photo.key}: {photo.label}" for photo in added],
        "Answers differ": [
            f"{photo.key}: {_in_words(counts)}: {decided[photo] or 'left out'}"
            for photo, digest in (listed | further).items()
            if len(counts := votes.by_photo[digest]) > 1
        ],
    }
    return Relabelled(
        replace(photos, photos=tuple(labelled)),
        tuple(added),
        _facts(len(answers), votes, digests | {*further.values()}),
        {title: lines for title, lines in lists.items() if lines},
    )


def _facts(answers: int, votes: Votes, digests: set[str]) -> dict[str, str]:
    """Each answer is counted in one of them."""
    used = sum(votes.by_photo[digest].total() for digest in digests)
    missing = sum(counts.total() for counts in votes.by_photo.values()) - used
    facts = {"answers": f"{used:,} of {answers:,} joined to {len(digests):,} photos"}
    if votes.unnamed:
        facts["no better class"] = f"{votes.unnamed:,} of them: wrong, and nothing else named"
    if votes.others:
        names = ", ".join(name for name, _ in votes.others.most_common(NAMED_AT_MOST))
        facts["other classes"] = f"{votes.others.total():,} of them, such as {names}"
    if missing:
        facts["no such photo"] = f"{missing:,} of them, as it cannot be found or read"
    return facts


def _in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} × {name}" for name, count in sorted(counts.items()))


def _files(folder: Path) -> list[LabelledPhoto]:
    """Every file below it, without a label."""
    return [LabelledPhoto(folder, file.key, "") for file in FolderPhotos(folder).list()]


def _answered(photos: Sequence[LabelledPhoto], votes: Votes) -> dict[LabelledPhoto, str]:
    """Those with votes, and their SHA-256, as receipts have it."""
    hashed = each_photo(photos, lambda data: sha256(data).digest(), "Answers")
    digests = {photo: digest.hex() for photo, digest in hashed if isinstance(digest, bytes)}
    return {photo: digest for photo, digest in digests.items() if digest in votes.by_photo}
