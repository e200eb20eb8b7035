import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_classifier.complexity import MAX_PIXELS
from image_classifier.decode import (
    ImageDamaged,
    TooManyPixels,
    UnsupportedImageFormat,
    decode_image,
)
from serving.errors import ServiceError
from tests.image_classifier.bombs import run_length_bmp
from tests.image_classifier.images import encode, png_bomb

SIDE = 256


@pytest.fixture(scope="module")
def cat(photo: bytes) -> Image.Image:
    return Image.open(io.BytesIO(photo)).convert("RGB")


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean absolute difference of two images of one size, in 0…255."""
    return float(np.abs(np.asarray(first, float) - np.asarray(second, float)).mean())


@pytest.mark.parametrize(
    ("file_format", "mode", "tolerance"),
    [
        ("JPEG", "RGB", 3),
        ("JPEG", "CMYK", 3),
        ("PNG", "RGB", 0),
        ("PNG", "RGBA", 0),
        ("PNG", "P", 0),
        ("WEBP", "RGB", 4),
        ("GIF", "P", 0),
        ("BMP", "RGB", 0),
        ("TIFF", "RGB", 0),
        ("TIFF", "CMYK", 0),
        ("TIFF", "LAB", 3),
    ],
)
def test_decodes_every_format_and_colour_mode_to_the_same_rgb(
    cat: Image.Image, file_format: str, mode: str, tolerance: float
):
    original = cat.convert(mode)

    image = decode_image(encode(original, file_format), min_shorter_side=SIDE)

    assert image.mode == "RGB"
    assert difference(image, original.convert("RGB")) <= tolerance


@pytest.mark.parametrize(
    ("file_format", "dtype", "white"),
    [
        ("PNG", np.uint16, 65535),
        ("TIFF", np.uint16, 65535),
        ("TIFF", np.int32, 65535),
        ("TIFF", np.float32, 1.0),
    ],
)
def test_scales_deep_samples_instead_of_clipping_them(
    cat: Image.Image, file_format: str, dtype: type, white: float
):
    grey = np.asarray(cat.convert("L"), dtype=np.float64)
    full_range = (grey - grey.min()) / (grey.max() - grey.min())
    data = encode(Image.fromarray((full_range * white).astype(dtype)), file_format)

    image = decode_image(data, min_shorter_side=SIDE)

    expected = Image.fromarray(np.uint8(full_range * 255)).convert("RGB")
    assert difference(image, expected) <= 1


def test_shows_transparent_pixels_as_white():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))

    image = decode_image(encode(clear, "PNG"), min_shorter_side=SIDE)

    assert image.getcolors() == [(64, (255, 255, 255))]


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_takes_the_first_frame_of_several(file_format: str):
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    data = encode(first, file_format, save_all=True, append_images=[second])

    image = decode_image(data, min_shorter_side=SIDE)

    assert difference(image, first) <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_a_photo_upright_as_its_exif_says(cat: Image.Image, orientation: int):
    turned_back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = cat.transpose(turned_back[orientation]) if orientation > 1 else cat
    exif = Image.Exif()
    exif[0x0112] = orientation

    image = decode_image(encode(stored, "PNG", exif=exif), min_shorter_side=SIDE)

    assert difference(image, cat) == 0


def test_ignores_broken_exif(cat: Image.Image):
    data = encode(cat, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x99" * 40)

    assert decode_image(data, min_shorter_side=SIDE).size == cat.size


def test_scales_a_large_jpeg_while_decoding_but_not_below_the_side_asked_for(cat: Image.Image):
    data = encode(cat.resize((4000, 3000)), "JPEG")

    image = decode_image(data, min_shorter_side=SIDE)

    assert image.size == (500, 375)


def test_decodes_a_single_pixel():
    assert decode_image(encode(Image.new("RGB", (1, 1)), "PNG"), SIDE).size == (1, 1)


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (8_000, 6_251)])
def test_refuses_too_many_pixels_before_decoding_any(width: int, height: int):
    assert width * height > MAX_PIXELS
    with pytest.raises(TooManyPixels):
        decode_image(png_bomb(width, height), SIDE)


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536)])
def test_refuses_an_image_with_a_side_too_long(width: int, height: int):
    with pytest.raises(TooManyPixels, match="side of more than 65,535 pixels"):
        decode_image(encode(Image.new("1", (width, height)), "PNG"), SIDE)


def test_takes_bitmaps_of_runs_up_to_a_megapixel():
    line = b"\xfa\1" * 4 + b"\0\0"  # 1000 pixels of colour 1

    assert decode_image(run_length_bmp(1000, 1000, line * 1000), SIDE).size == (1000, 1000)
    with pytest.raises(TooManyPixels, match="more than 1 million pixels"):
        decode_image(run_length_bmp(1000, 1001, line * 1001), SIDE)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "AVIF"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", "video"),
        (b"%PDF-1.7\n", "PDF"),
        (b"Dear diary, today I renamed a text file.", "not an image"),
        (b"<html><body>404</body></html>", "not an image"),
        (b"MM\0+\0\x08\0\0", "not an image"),
        (b"II as in the beginning of words", "not an image"),
    ],
)
def test_names_the_format_it_cannot_read(data: bytes, name: str):
    with pytest.raises(UnsupportedImageFormat, match=name):
        decode_image(data, SIDE)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_refuses_a_truncated_image(cat: Image.Image, file_format: str, share: float):
    data = encode(cat, file_format)

    with pytest.raises(ImageDamaged):
        decode_image(data[: int(len(data) * share)], SIDE)


SMALL = [
    encode(Image.linear_gradient("L").resize((40, 30)).convert(mode), file_format)
    for file_format, mode in [
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("WEBP", "RGB"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
    ]
]


def answers_or_refuses(data: bytes) -> None:
    try:
        image = decode_image(data, SIDE)
    except ServiceError:
        return
    assert image.mode == "RGB"
    assert image.width * image.height <= MAX_PIXELS


@given(st.binary(max_size=400))
def test_any_bytes_are_decoded_or_refused(data: bytes):
    answers_or_refuses(data)


@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    st.integers(0, 10_000),
)
def test_any_damage_to_an_image_is_survived(
    data: bytes, changes: list[tuple[int, int]], length: int
):
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value

    answers_or_refuses(bytes(damaged[: length or None]))


def test_a_large_image_of_deep_samples_is_shrunk_before_it_is_converted():
    ramp = np.linspace(0, 1, 1200 * 900, dtype=np.float32).reshape(900, 1200)

    image = decode_image(encode(Image.fromarray(ramp), "TIFF"), SIDE)

    assert image.size == (400, 300)
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((399, 299)) == (255, 255, 255)
