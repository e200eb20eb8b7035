"""Photos to send: real ones from a folder, or generated ones of known sizes."""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_MAX_BYTES = 4_500_000
_JPEG_QUALITY = 85

# Bytes aimed at and (width, height): a web picture, a screenshot, a phone's photo.
_GENERATED = {50_000: (320, 240), 500_000: (1280, 960), 3_000_000: (3200, 2400)}
_TOLERANCE = 0.05
_TRIES = 20


@dataclass(frozen=True)
class Photo:
    """One image file, and its media type."""

    name: str
    data: bytes
    content_type: str


def load_photos(folder: Path | None) -> tuple[Photo, ...]:
    """Every JPEG and PNG in ``folder`` that the API takes (4.5 MB); generated ones without any."""
    files = sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
    photos = tuple(
        Photo(file.name, file.read_bytes(), _TYPES[file.suffix.lower()])
        for file in files
        if file.suffix.lower() in _TYPES and file.stat().st_size <= _MAX_BYTES
    )
    return photos or generated_photos()


@cache
def generated_photos() -> tuple[Photo, ...]:
    """JPEGs of 50 KB, 500 KB and 3 MB (1 KB = 1000 bytes), within 5 %; the same ones each time."""
    return tuple(_generate(size_bytes, *side) for size_bytes, side in _GENERATED.items())


def _generate(size_bytes: int, width: int, height: int) -> Photo:
    """Gradients with as much noise as gives the size, found by bisection: noise compresses badly.

    Raises:
        ValueError: no amount of noise does.
    """
    noise = np.random.default_rng(size_bytes).normal(size=(height, width, 3)).astype(np.float32)
    across = np.linspace(0, 255, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 255, height, dtype=np.float32)[:, None]
    base = np.stack([across + 0 * down, down + 0 * across, (across + down) / 2], axis=-1)
    low, high = 0.0, 128.0
    for _ in range(_TRIES):
        strength = (low + high) / 2
        data = _encode(base + strength * noise)
        if abs(len(data) - size_bytes) <= _TOLERANCE * size_bytes:
            return Photo(f"generated-{size_bytes // 1000}-kb.jpg", data, "image/jpeg")
        low, high = (strength, high) if len(data) < size_bytes else (low, strength)
    raise ValueError(f"no {width}x{height} JPEG of {size_bytes} bytes")


def _encode(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    clipped = np.clip(pixels, 0, 255).astype(np.uint8)
    Image.fromarray(clipped).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
