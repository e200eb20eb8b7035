"""Which photos teach, and which judge; photos that look alike are never on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from evaluation.photos import LabelledPhoto
from serving.errors import ServiceError
from teaching.features import Features

# Bits of 64 in which two copies of one photo may differ: other sizes and qualities of a file make
# up to 3. Of 160 photos of ants and bees no two different ones are nearer than 7.
NEAR_BITS = 4
BLOCK = 512
LEAST_PHOTOS = 5
FOLDS = 5
DRAW_BYTES = 6  # fewer bits than a float has


class TooFewPhotos(ServiceError):
    """There is nothing to tell apart, or too little to learn it from."""

    code: ClassVar[str] = "too_few_photos"


@dataclass(frozen=True)
class Duplicates:
    """``groups`` [n] numbers photos, alike ones the same; ``kept`` [n] is false for copies of one
    file but the first, and for all of them where they are said to be of several classes. ``lines``
    say which photos are alike."""

    groups: NDArray[np.int64]
    kept: NDArray[np.bool_]
    lines: list[str]


def find_duplicates(features: Features, labels: NDArray[np.int64]) -> Duplicates:
    """Photos of one SHA-256, or whose difference hashes are near each other."""
    count, hashes = len(labels), features.hashes
    pairs = [
        np.argwhere(np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes) <= NEAR_BITS)
        + np.array([start, 0])
        for start in range(0, count, BLOCK)
    ]
    edges = np.concatenate(pairs).T
    graph = coo_array((np.ones(edges.shape[1]), edges), shape=(count, count))
    groups = connected_components(graph, directed=False)[1].astype(np.int64)
    kept, lines = np.ones(count, bool), []
    for group in np.flatnonzero(np.bincount(groups) > 1):
        members = np.flatnonzero(groups == group)
        _, numbers = np.unique([features.sha256[i] for i in members], return_inverse=True)
        for number in range(numbers.max() + 1):
            copies = members[numbers == number]
            agree = len(set(labels[copies].tolist())) == 1
            kept[copies[1:] if agree else copies] = False
        lines.append(_line(features, members, kept))
    return Duplicates(groups, kept, lines)


def check_enough_files(photos: Sequence[LabelledPhoto]) -> None:
    """``check_enough`` before any of them is read.

    Raises:
        TooFewPhotos
    """
    names, labels = np.unique([photo.label for photo in photos], return_inverse=True)
    check_enough(names.tolist(), labels, np.arange(len(labels)))


def check_enough(
    classes: Sequence[str], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> None:
    """Make sure that there are two classes, of ``LEAST_PHOTOS`` photos that are not alike.

    Raises:
        TooFewPhotos
    """
    if len(classes) == 1:
        raise TooFewPhotos(f"There is one class only, {classes[0]}: a model needs two or more.")
    for number, name in enumerate(classes):
        count = len(_groups_of(number, labels, groups))
        if count < LEAST_PHOTOS:
            raise TooFewPhotos(
                f"{name} has {count} photos that can be read and are not alike; a class needs "
                f"{LEAST_PHOTOS} or more."
            )


def drawn(digests: Sequence[str], seed: int) -> NDArray[np.float64]:
    """[n] → for each photo a number in 0…1 by its content and the seed alone: what is held out
    stays so when photos are added or get another label."""
    lots = [sha256(f"{seed} {digest}".encode()).digest()[:DRAW_BYTES] for digest in digests]
    return np.array([int.from_bytes(lot, "big") for lot in lots]) / 256.0**DRAW_BYTES


def held_out(
    labels: NDArray[np.int64], groups: NDArray[np.int64], draws: NDArray[np.float64], share: float
) -> NDArray[np.bool_]:
    """[n] → about ``share`` of each class's groups, those with a draw below it; one or more, and
    two or more are left."""
    test = np.zeros(len(labels), bool)
    for number in np.unique(labels):
        order, lowest = _in_order(labels, groups, draws, number)
        count = min(max(1, int((lowest < share).sum())), max(1, len(order) - 2))
        test |= np.isin(groups, order[:count])
    return test


def folds(
    labels: NDArray[np.int64], groups: NDArray[np.int64], draws: NDArray[np.float64]
) -> NDArray[np.int64]:
    """[n] → a number for each photo, so that each has about as many of every class."""
    numbers = np.zeros(len(labels), np.int64)
    for number in np.unique(labels):
        for place, group in enumerate(_in_order(labels, groups, draws, number)[0]):
            numbers[groups == group] = place % FOLDS
    return numbers


def _in_order(
    labels: NDArray[np.int64], groups: NDArray[np.int64], draws: NDArray[np.float64], number: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A class's groups by the lowest draw of their photos, and these: a photo that joins a group
    can get it held out, but never back."""
    lowest = np.ones(groups.max() + 1)
    np.minimum.at(lowest, groups, draws)
    own = _groups_of(number, labels, groups)
    order = own[np.argsort(lowest[own], kind="stable")]
    return order, lowest[order]


def _groups_of(
    number: int, labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Groups whose first photo is of the class, so that each is one class's."""
    unique, first = np.unique(groups, return_index=True)
    own: NDArray[np.int64] = unique[labels[first] == number]
    return own


def _line(features: Features, members: NDArray[np.int64], kept: NDArray[np.bool_]) -> str:
    names = [features.photos[i].key + ("" if kept[i] else " (left out)") for i in members]
    same = len({features.sha256[i] for i in members}) == 1
    return f"{' = ' if same else ' ≈ '}".join(names)
