"""Photo bytes → upright RGB image; the format is read from the bytes, not from a name or header."""

import struct
import warnings
import zlib
from contextlib import suppress
from typing import cast

from PIL import ExifTags, Image, UnidentifiedImageError

from image_classifier.complexity import MAX_PIXELS, CountedReads
from image_classifier.sniff import check_work
from serving.errors import PayloadTooLarge, UnprocessableContent, UnsupportedMediaType

MAX_SIDE = 65_535  # that of JPEG and GIF; PNG's decoder keeps whole rows
MAX_PIXELS_OF_RUNS = 1_000_000  # Pillow unpacks a BMP's run lengths in Python
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

# EXIF's orientation → what undoes it (CIPA DC-008, 4.6.4)
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
RUN_LENGTHS = (1, 2)  # BMP's compressions RLE8 and RLE4

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
    """Too many, or a side too long: refused from the header, before any pixel is decoded."""

    code = "too_many_pixels"


class ImageDamaged(UnprocessableContent):
    """The image is cut off or damaged."""

    code = "image_damaged"


def decode_image(data: bytes, min_shorter_side: int) -> Image.Image:
    """Decode the first frame of ``data`` upright, as RGB; transparency becomes white.

    A JPEG is scaled by 1/2, 1/4 or 1/8 while decoding, as far as its shorter side stays at least
    ``min_shorter_side`` pixels. Memory: at most 16 bytes a pixel, which is WebP's decoder.

    Raises:
        UnsupportedImageFormat, TooManyPixels, ImageTooComplex, ImageDamaged
    """
    with warnings.catch_warnings():
        # Pillow warns of each odd tag: one file could fill the log with megabytes.
        warnings.simplefilter("ignore")
        image = _open(data)
        try:
            image.draft("RGB", (min_shorter_side, min_shorter_side))
            image.load()
            turn = _turn_to_upright(image)
            image = _to_rgb(image, min_shorter_side)  # frees what the decoder holds
            return image if turn is None else image.transpose(turn)
        except DAMAGE as exc:
            raise ImageDamaged("The image is cut off or damaged.") from exc


def _open(data: bytes) -> Image.Image:
    try:
        check_work(data)
        image = Image.open(CountedReads(data), formats=FORMATS)
    except UnidentifiedImageError as exc:
        raise UnsupportedImageFormat(_what_it_is(data)) from exc
    except Image.DecompressionBombError as exc:
        raise TooManyPixels(_too_many_pixels(MAX_PIXELS)) from exc
    except DAMAGE as exc:
        raise ImageDamaged("The image is damaged: its header cannot be read.") from exc
    runs = image.format == "BMP" and image.info["compression"] in RUN_LENGTHS
    max_pixels = MAX_PIXELS_OF_RUNS if runs else MAX_PIXELS
    if image.width * image.height > max_pixels:
        raise TooManyPixels(_too_many_pixels(max_pixels))
    if max(image.size) > MAX_SIDE:
        raise TooManyPixels(f"The image has a side of more than {MAX_SIDE:,} pixels.")
    return image


def _turn_to_upright(image: Image.Image) -> Image.Transpose | None:
    """What turns a loaded image upright; a TIFF is upright already."""
    # Unreadable EXIF says nothing about the pixels, which are fine.
    with suppress(*DAMAGE):
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def _to_rgb(image: Image.Image, min_shorter_side: int) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 256, "L").convert("RGB")
    if image.mode in ("I", "F"):
        return _stretched(image.reduce(max(1, min(image.size) // min_shorter_side)))
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(rgba, mask=rgba)
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """32-bit samples have no agreed white, so the darkest becomes 0 and the brightest 255."""
    darkest, brightest = cast("tuple[float, float]", image.getextrema())  # of its one band
    scale = 255 / ((brightest - darkest) or 1)
    return image.point(lambda sample: sample * scale - darkest * scale).convert("L").convert("RGB")


def _what_it_is(data: bytes) -> str:
    accepted = "Send a JPEG, PNG, WebP, GIF, BMP or TIFF."
    for offset, signature, name in KNOWN_OTHERS:
        if data.startswith(signature, offset):
            return f"This is {name}, which cannot be read here. {accepted}"
    if b"<svg" in data[:4096].lower():
        return f"This is an SVG drawing, which cannot be read here. {accepted}"
    return f"These bytes are not an image in a format known here. {accepted}"


def _too_many_pixels(limit: int) -> str:
    return f"The image has more than {limit // 1_000_000} million pixels."
