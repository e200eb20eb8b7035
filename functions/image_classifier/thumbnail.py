"""Decoded photo → a small JPEG, for people who look through a report."""

import io

from PIL import Image

SIDE = 96
QUALITY = 60


def thumbnail(image: Image.Image) -> bytes:
    """The whole photo in at most 96 × 96 pixels, as a JPEG of about 2 KB."""
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
