"""A batch of photos → probabilities, each photo as ``POST /v1/predict`` takes it."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from front_doors.refusals import InvalidTensor
from image_classifier.certainty import certainty_of
from image_classifier.classifier import Classifier
from image_classifier.complexity import MAX_PIXELS
from image_classifier.decode import MAX_SIDE, TooManyPixels
from serving.errors import ServiceError
from serving.image_body import MAX_IMAGE_BYTES, check_size
from serving.telemetry import Record

MAX_BATCH = 16

_Pixel = Annotated[list[float], Field(min_length=3, max_length=3)]
_ROWS = TypeAdapter(list[list[_Pixel]], config=ConfigDict(strict=True))

Photo = bytes | NDArray[np.float32]
"""An image file, or RGB pixels [H, W, 3] in 0…255."""


def infer_batch(
    classifier: Classifier, photos: Sequence[Photo], record: Record
) -> NDArray[np.float32]:
    """Probabilities [n, classes] of 1 to ``MAX_BATCH`` photos, in their order; adds to ``record``.

    Raises:
        InvalidTensor: too many, none, or pixels that are no picture
        TooManyPixels: together more than one photo may have, once they are decoded; they take time
        ServiceError: what ``decode`` raises; the message names the photo, counted from 0
    """
    check_count(len(photos))
    measures: Counter[str] = Counter()
    rows: list[NDArray[np.float32]] = []
    pixels: list[int] = []
    for index, photo in enumerate(photos):
        try:
            inference = classifier.infer_photo(
                _readable(photo), look=lambda image: pixels.append(image.width * image.height)
            )
            if sum(pixels) > MAX_PIXELS:
                raise TooManyPixels(f"the photos up to it have over {MAX_PIXELS:,} pixels.")
        except ServiceError as exc:
            raise type(exc)(f"photo {index}: {exc}") from exc
        rows.append(inference.probabilities)
        measures.update(vars(inference.timings))
        measures["image_bytes"] += len(photo) if isinstance(photo, bytes) else photo.nbytes
    record.measures |= {**measures, "photos": len(photos)}
    for row in rows:
        record.add_prediction(classifier.artifact.manifest.version, vars(certainty_of(row)))
    return np.stack(rows)


def check_count(photos: int) -> None:
    """Refuse a request of too many photos, or of none.

    Raises:
        InvalidTensor
    """
    if not 1 <= photos <= MAX_BATCH:
        raise InvalidTensor(f"{photos} photos: a request takes 1 to {MAX_BATCH}.")


def as_pixels(rows: object, where: str) -> NDArray[np.float32]:
    """Nested lists [H, W, 3], which stand at ``where``, as an array.

    Raises:
        InvalidTensor
    """
    try:
        with np.errstate(over="ignore"):  # becomes infinite, which is in no range
            return np.array(_ROWS.validate_python(rows), np.float32)
    except (ValidationError, ValueError) as exc:
        raise InvalidTensor(f"{where} is no rows of pixels [red, green, blue].") from exc


def _readable(photo: Photo) -> bytes | Image.Image:
    if isinstance(photo, bytes):
        check_size(len(photo), MAX_IMAGE_BYTES)
        return photo
    if photo.ndim != len("HWC") or photo.shape[2] != len("RGB") or not photo.size:
        raise InvalidTensor(f"pixels of the shape {[*photo.shape]}; they are [height, width, 3].")
    if max(photo.shape) > MAX_SIDE:
        raise TooManyPixels(f"The picture has a side of more than {MAX_SIDE:,} pixels.")
    # NaN is in no range
    if not (photo.min() >= 0 and photo.max() <= 255):  # noqa: PLR2004
        raise InvalidTensor("pixels are numbers from 0 to 255.")
    return Image.fromarray(np.rint(photo).astype(np.uint8))
