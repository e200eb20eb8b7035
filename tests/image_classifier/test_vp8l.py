"""Lossless WebP: what encoders write is taken, and the rest is refused before it is decoded."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_classifier.complexity import ImageTooComplex
from image_classifier.decode import decode_image
from image_classifier.huffman import Bits
from image_classifier.vp8l import skip_transforms
from tests.image_classifier.bombs import alpha, frame, huffman_groups, lossless, webp
from tests.image_classifier.images import encode
from tests.image_classifier.test_complexity import MAX_CALLS, SIDE, calls_of

START = 25  # of a lossless stream in a plain file: container, chunk, and the image's size
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda stream: webp(lossless(stream)),
    "extended": lambda stream: webp(lossless(stream), flags=0),
    "animated": lambda stream: webp(frame(lossless(stream)), flags=2),
    "transparent": lambda stream: webp(alpha(stream), flags=16),
}


@pytest.fixture(scope="module")
def square(photo: bytes) -> Image.Image:
    return Image.open(io.BytesIO(photo)).convert("RGB").resize((64, 64))


def drawing(image: Image.Image, colours: int) -> Image.Image:
    return image.quantize(colours).convert("RGB")


def transforms_of(data: bytes, size: tuple[int, int]) -> str:
    """The bits of an image's transforms, in the order of reading, without the 0 that ends them."""
    bits = Bits(data, START)
    skip_transforms(bits, *size)
    stream = int.from_bytes(data[START:], "little")
    return f"{stream:0{8 * len(data)}b}"[::-1][: bits.position - 8 * START - 1]


@pytest.mark.parametrize("method", range(7))
@pytest.mark.parametrize("options", [{}, {"exact": True, "quality": 0}, {"quality": 100}])
def test_takes_what_libwebp_writes(square: Image.Image, method: int, options: dict[str, Any]):
    clear = square.convert("RGBA")
    clear.putalpha(square.convert("L"))

    for image in (square, clear, drawing(square, 16), drawing(square, 2)):
        for without_loss in (True, False):
            data = encode(image, "WEBP", lossless=without_loss, method=method, **options)
            assert decode_image(data, SIDE).size == image.size


@pytest.mark.parametrize("colours", [2, 3, 16, 200, None])
@pytest.mark.parametrize("method", range(7))
def test_finds_the_end_of_any_transforms(square: Image.Image, colours: int | None, method: int):
    image = drawing(square, colours) if colours else square
    transforms = transforms_of(encode(image, "WEBP", lossless=True, method=method), image.size)

    Image.open(io.BytesIO(webp(lossless(huffman_groups(1, transforms))))).load()
    with pytest.raises(ImageTooComplex):
        decode_image(webp(lossless(huffman_groups(2**16, transforms))), SIDE)


@pytest.mark.parametrize("container", CONTAINERS)
def test_takes_as_many_codes_as_collages_have(container: str):
    assert decode_image(CONTAINERS[container](huffman_groups(100)), SIDE).size == (64, 64)
    with pytest.raises(ImageTooComplex):
        decode_image(CONTAINERS[container](huffman_groups(150)), SIDE)


def test_groups_count_in_steps_of_a_red_above_256():
    side = 600  # 330 groups are as many symbols as it has pixels; 257 to 512 have two reds

    assert decode_image(webp(lossless(huffman_groups(512), side)), SIDE).size == (side, side)
    with pytest.raises(ImageTooComplex):
        decode_image(webp(lossless(huffman_groups(513), side)), SIDE)


@settings(max_examples=150)
@given(st.sampled_from(sorted(CONTAINERS)), st.binary(max_size=200))
def test_any_stream_is_an_image_or_refused_with_bounded_work(container: str, stream: bytes):
    assert calls_of(CONTAINERS[container](stream)) < MAX_CALLS
