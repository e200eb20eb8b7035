"""Photos to teach with and photos to judge by, none of which are alike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.photos import LabelledPhoto, Listing, class_indices, list_folders
from image_classifier.artifact import Label
from teaching.features import Extractor, Features
from teaching.split import check_enough, drawn, find_duplicates, held_out


@dataclass(frozen=True)
class Material:
    """Photos [n] with features, ``truth`` (their classes), ``groups`` (the same number for alike
    ones) and ``draws``: ``taught`` [n] are those to teach with, ``judged`` [n] those of the report.

    ``lists`` are lines under a title, such as those that are alike; ``left_out`` says why of each
    file that is not among the photos.
    """

    labels: tuple[Label, ...]
    features: Features
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    draws: NDArray[np.float64]
    taught: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    lists: dict[str, list[str]]
    left_out: dict[str, str]

    def chosen(self, which: NDArray[np.bool_]) -> list[LabelledPhoto]:
        """The photos where ``which`` [n] is true."""
        return [self.features.photos[i] for i in np.flatnonzero(which)]

    def seen(self, digests: Collection[str]) -> int:
        """How many photos of the report are among those of these SHA-256, or are like one."""
        known = np.isin(self.features.sha256, [*digests])
        return int((self.judged & np.isin(self.groups, self.groups[known])).sum())


def collect(
    photos: Listing,
    test: Listing | float,
    extractor: Extractor,
    seed: int,
    added: Sequence[LabelledPhoto] = (),
) -> Material:
    """Judged are the photos of ``test``, or that share of ``photos``; those ``added`` only teach.

    Raises:
        PhotosInvalid: ``test`` has a class that ``photos`` has not.
        TooFewPhotos: see ``check_enough``.
    """
    names = sorted({photo.label for photo in photos.photos})
    labels = tuple(Label(number, None, name) for number, name in enumerate(names))
    tests = test if isinstance(test, Listing) else Listing(photos.source, ())
    class_indices(tests, str(photos.source), labels)
    # Those of the test first: of two copies the first is kept.
    features = extractor.extract([*tests.photos, *photos.photos, *added])
    truth = np.array([names.index(photo.label) for photo in features.photos], np.int64)
    duplicates = find_duplicates(features, truth)
    groups, kept = duplicates.groups, duplicates.kept
    draws = drawn(features.sha256, seed)
    judges = {*(tests if isinstance(test, Listing) else photos).photos}
    judged = np.array([photo in judges for photo in features.photos], bool)
    own = kept & judged
    if not isinstance(test, Listing):
        check_enough(names, truth[own], groups[own])
        judged = np.zeros(len(kept), bool)
        judged[own] = held_out(truth[own], groups[own], draws[own], test)
    taught = kept & ~np.isin(groups, groups[judged])
    if isinstance(test, Listing):
        check_enough(names, truth[taught], groups[taught])
    return Material(
        labels=labels,
        features=features,
        truth=truth,
        groups=groups,
        draws=draws,
        taught=taught,
        judged=kept & judged,
        lists={"Alike": duplicates.lines} if duplicates.lines else {},
        left_out={**photos.left_out, **tests.left_out, **features.skipped},
    )


def read_listings(photos: Path, test: Path | float) -> tuple[Listing, Listing | float]:
    """The folders' photos; a share is a share.

    Raises:
        PhotosInvalid: see ``list_folders``.
    """
    return list_folders(photos), list_folders(test) if isinstance(test, Path) else test
