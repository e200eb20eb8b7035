"""Photos to send: real ones from a folder, or generated ones of known sizes."""

import io
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_MAX_BYTES, _JPEG_QUALITY = 4_500_000, 85

# By size: width, height, and the noise that gives it: a web picture, a screenshot, a phone's photo.
_GENERATED = {50_000: (320, 240, 60.8), 500_000: (1280, 960, 23.5), 3_000_000: (3200, 2400, 22.1)}


class Photo(NamedTuple):
    """One image file, and its media type."""

    data: bytes
    content_type: str


def load_photos(folder: Path | None) -> tuple[Photo, ...]:
    """Every JPEG and PNG in ``folder`` that the API takes (4.5 MB); generated ones without any."""
    photos = tuple(
        Photo(file.read_bytes(), _TYPES[file.suffix.lower()])
        for file in sorted(folder.glob("*") if folder else ())
        if file.suffix.lower() in _TYPES and file.stat().st_size <= _MAX_BYTES
    )
    return photos or generated_photos()


@cache
def generated_photos() -> tuple[Photo, ...]:
    """JPEGs of 50 KB, 500 KB and 3 MB (1 KB = 1000 bytes), within 5 %; the same ones each time."""
    photos = []
    for size_bytes, (width, height, strength) in _GENERATED.items():
        noise = np.random.default_rng(size_bytes).normal(0, strength, (height, width, 3))
        gradient = np.linspace(0, 255, width)[None, :, None]
        image = Image.fromarray(np.clip(gradient + noise, 0, 255).astype(np.uint8))
        photos.append(Photo(encode(image, "JPEG", quality=_JPEG_QUALITY), "image/jpeg"))
    return tuple(photos)


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
