"""Labelled photos → what a model answers, through the service's own decode and preprocessing."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.photos import LabelledPhoto, PhotosInvalid
from image_classifier.artifact import InputSpec
from image_classifier.decode import decode_image
from image_classifier.preprocess import to_input
from image_classifier.runtime import Infer
from serving.errors import ServiceError
from serving.read_ahead import read_ahead

READ_AHEAD = 4
Value = TypeVar("Value")


@dataclass(frozen=True)
class Pixels:
    """A photo as the model takes it: float32 [1, H, W, 3] in 0…255; ``sha256`` is of its file."""

    sha256: str
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """Probabilities [n, classes] for ``photos``, whose classes are ``truth`` [n].

    ``skipped`` says of each file without an answer why.
    """

    photos: tuple[LabelledPhoto, ...]
    sha256: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    skipped: dict[str, str]
    photos_per_s: float


def answers_of(
    photos: Sequence[LabelledPhoto], truth: Sequence[int], spec: InputSpec, infer: Infer
) -> Answers:
    """Ask ``infer`` about every photo, with a progress bar.

    Raises:
        PhotosInvalid: none of them can be read.
    """
    began_s = time.perf_counter()
    skipped: dict[str, str] = {}
    kept, digests, rows = [], [], []
    for i, (photo, pixels) in enumerate(read_pixels(photos, spec, "Evaluating")):
        if isinstance(pixels, str):
            skipped[photo.key] = pixels
        else:
            kept.append(i)
            digests.append(pixels.sha256)
            rows.append(infer(pixels.values))
    if not rows:
        raise PhotosInvalid(f"None of the {len(photos):,} photos can be read.")
    return Answers(
        photos=tuple(photos[i] for i in kept),
        sha256=tuple(digests),
        truth=np.array([truth[i] for i in kept]),
        probabilities=np.stack(rows),
        skipped=skipped,
        photos_per_s=len(photos) / (time.perf_counter() - began_s),
    )


def read_pixels(
    photos: Sequence[LabelledPhoto], spec: InputSpec, doing: str
) -> Iterator[tuple[LabelledPhoto, Pixels | str]]:
    """Every photo in order, as the model takes it; a sentence instead where it cannot be read."""

    def decode(data: bytes) -> Pixels:
        image = decode_image(data, spec.resize_shorter_side)
        return Pixels(sha256(data).hexdigest(), to_input(image, spec))

    return each_photo(photos, decode, doing)


def each_photo(
    photos: Sequence[LabelledPhoto], use: Callable[[bytes], Value], doing: str
) -> Iterator[tuple[LabelledPhoto, Value | str]]:
    """Every photo in order with what ``use`` makes of its bytes, a few ahead and in threads, with a
    progress bar that says ``doing``; a sentence instead where it cannot be read or decoded."""

    def read(photo: LabelledPhoto) -> Value | str:
        try:
            return use(photo.read())
        except ServiceError as exc:
            return str(exc)

    results = read_ahead(read, photos, READ_AHEAD)
    yield from tqdm(results, doing, total=len(photos), unit=" photos")
