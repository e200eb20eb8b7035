"""Photos to send: real ones from a folder, or generated ones of known sizes."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_SUFFIXES = {".jpg", ".jpeg", ".png"}
_MAX_BYTES, _JPEG_QUALITY = 4_500_000, 85

# By size, a web picture, a screenshot, a phone's photo: how many blocks of noise they are wide and
# high (to make one and repeat it takes a tenth of the time), and how strong that is.
_BLOCK = (240, 320, 3)
_GENERATED = {50_000: (1, 60.8), 500_000: (4, 23.5), 3_000_000: (10, 22.1)}


def load_photos(folder: str) -> tuple[bytes, ...]:
    """Every JPEG and PNG in ``folder`` that the API takes (4.5 MB); generated ones without any."""
    files = sorted(Path(folder).glob("*")) if folder else ()
    photos = (file.read_bytes() for file in files if file.suffix.lower() in _SUFFIXES)
    return tuple(photo for photo in photos if len(photo) <= _MAX_BYTES) or generated_photos()


@cache
def generated_photos() -> tuple[bytes, ...]:
    """JPEGs of 50 KB, 500 KB and 3 MB (1 KB = 1000 bytes), within 5 %; the same ones each time."""
    photos = []
    for size_bytes, (blocks, strength) in _GENERATED.items():
        noise = np.random.default_rng(size_bytes).normal(0, strength, _BLOCK)
        gradient = np.linspace(0, 255, blocks * _BLOCK[1])[None, :, None]
        row = np.clip(gradient + np.tile(noise, (1, blocks, 1)), 0, 255).astype(np.uint8)
        image = Image.fromarray(np.tile(row, (blocks, 1, 1)))
        photos.append(encode(image, "JPEG", quality=_JPEG_QUALITY))
    return tuple(photos)


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
