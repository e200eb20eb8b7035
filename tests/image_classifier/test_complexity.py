"""No file takes much more work than an honest image of its size."""

import io
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_classifier.complexity import MAX_READS, ImageTooComplex
from image_classifier.decode import decode_image
from image_classifier.sniff import MAX_SCANS
from serving.errors import ServiceError
from tests.image_classifier.bombs import (
    BOMBS,
    before_the_frame,
    progressive_jpeg,
    segment,
    strips,
    tiled,
)
from tests.image_classifier.images import encode
from tests.image_classifier.test_decode import SMALL

SIDE = 256
MAX_CALLS = 20 * MAX_READS  # a PNG's chunk takes 16 calls for each time it reads


def calls_of(data: bytes) -> int:
    """Calls that Python makes while ``data`` is decoded or refused: work, whatever the clock."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        decode_image(data, SIDE)
    except ServiceError:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("name", BOMBS)
def test_refuses_what_no_honest_image_repeats_so_often(name: str):
    with pytest.raises(ImageTooComplex, match=r"more than [0-9,]+ "):
        decode_image(BOMBS[name](), SIDE)


@pytest.mark.parametrize("name", BOMBS)
def test_refuses_it_with_bounded_work(name: str):
    assert calls_of(BOMBS[name]()) < MAX_CALLS


@settings(max_examples=60)
@given(st.sampled_from(SMALL), st.integers(0, 2000), st.integers(1, 40))
def test_work_is_bounded_whatever_part_of_a_file_is_repeated(data: bytes, start: int, length: int):
    start %= len(data)
    part = data[start : start + length]
    repeated = data[:start] + part * (2_000_000 // len(part)) + data[start:]

    assert calls_of(repeated) < MAX_CALLS


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {"progressive": True}),
        ("CMYK", {"progressive": True, "optimize": True, "quality": 95, "subsampling": 0}),
        ("L", {"progressive": True}),
    ],
)
def test_takes_what_encoders_write(photo: bytes, mode: str, options: dict[str, Any]):
    image = Image.open(io.BytesIO(photo)).convert(mode)
    data = encode(image, "JPEG", **options)

    assert decode_image(data, SIDE).size == image.size


@pytest.mark.parametrize(
    "data",
    [
        progressive_jpeg(MAX_SCANS),
        before_the_frame(segment(0xE2, bytes(1000)) * 255),
        before_the_frame(b"\xff" * 1000),
        strips(64, bytes(64), 1),
        tiled(side=1024, width=1),
    ],
    ids=["scans", "colour profile in 255 segments", "fill bytes", "a strip a row", "one tile"],
)
def test_takes_odd_but_honest_files(data: bytes):
    assert decode_image(data, SIDE).mode == "RGB"


@pytest.mark.parametrize("endings", [(b"\xff\xda\0",), (b"Exif\0\0", b"iCCP", b"\xff\xda\0")])
def test_what_only_looks_like_a_part_is_not_counted(endings: tuple[bytes, ...]):
    text = b"".join(endings) * 100
    jpeg = before_the_frame(segment(0xFE, text))

    assert decode_image(jpeg, SIDE).size == (64, 64)


def test_says_nothing_of_odd_tags_in_the_log(recwarn: pytest.WarningsRecorder):
    decode_image(before_the_frame(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(40))), 8)

    assert not recwarn.list
