"""Photo bytes → upright RGB image; the format is read from the bytes, not from a name or header."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from serving.errors import PayloadTooLarge, UnprocessableContent, UnsupportedMediaType

MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")

# What Pillow's plugins and C decoders raise on damaged files; found by fuzzing, not documented.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
)

# Signatures of files that people do send: (offset, bytes, name).
KNOWN_OTHERS = (
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftypavis", "an AVIF image"),
    *((4, b"ftyp" + brand, "a HEIC photo") for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftyp", "a video"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (0, b"\x00\x00\x00\x0cjP", "a JPEG 2000 image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
)


class UnsupportedImageFormat(UnsupportedMediaType):
    """The bytes are not an image in one of ``FORMATS``."""

    code = "unsupported_image_format"


class TooManyPixels(PayloadTooLarge):
    """More than ``MAX_PIXELS``: refused from the header, before any pixel is decoded."""

    code = "too_many_pixels"


class ImageDamaged(UnprocessableContent):
    """The image is cut off or damaged."""

    code = "image_damaged"


def decode_image(data: bytes, min_shorter_side: int) -> Image.Image:
    """Decode the first frame of ``data`` upright, as RGB; transparency becomes white.

    A JPEG is scaled by 1/2, 1/4 or 1/8 while decoding, as far as its shorter side stays at least
    ``min_shorter_side`` pixels.

    Raises:
        UnsupportedImageFormat, TooManyPixels, ImageDamaged
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as exc:
        raise UnsupportedImageFormat(_what_it_is(data)) from exc
    except Image.DecompressionBombError as exc:
        raise TooManyPixels(_too_many_pixels()) from exc
    except DAMAGE as exc:
        raise ImageDamaged("The image is damaged: its header cannot be read.") from exc
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels(_too_many_pixels())
    try:
        image.draft("RGB", (min_shorter_side, min_shorter_side))
        image.load()
        _turn_upright(image)
        return _to_rgb(image, min_shorter_side)
    except DAMAGE as exc:
        raise ImageDamaged("The image is cut off or damaged.") from exc


def _turn_upright(image: Image.Image) -> None:
    # Unreadable EXIF says nothing about the pixels, which are fine.
    with suppress(*DAMAGE):
        ImageOps.exif_transpose(image, in_place=True)


def _to_rgb(image: Image.Image, min_shorter_side: int) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 256, "L").convert("RGB")
    if image.mode in ("I", "F"):
        # Shrunk first: what follows takes 20 bytes a pixel.
        shrunk = image.reduce(max(1, min(image.size) // min_shorter_side))
        return _stretched(shrunk).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """32-bit samples have no agreed white, so the darkest becomes 0 and the brightest 255."""
    samples = np.asarray(image, dtype=np.float64)
    darkest, brightest = samples.min(), samples.max()
    scale = 255 / ((brightest - darkest) or 1)
    return Image.fromarray(np.uint8((samples - darkest) * scale))


def _what_it_is(data: bytes) -> str:
    accepted = "Send a JPEG, PNG, WebP, GIF, BMP or TIFF."
    for offset, signature, name in KNOWN_OTHERS:
        if data.startswith(signature, offset):
            return f"This is {name}, which cannot be read here. {accepted}"
    if b"<svg" in data[:4096].lower():
        return f"This is an SVG drawing, which cannot be read here. {accepted}"
    return f"These bytes are not an image in a format known here. {accepted}"


def _too_many_pixels() -> str:
    return f"The image has more than {MAX_PIXELS // 1_000_000} million pixels."
