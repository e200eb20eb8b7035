"""File bytes → refused, if they ask a decoder for more work than any honest image of their size.

Bytes that make no sense pass: the decoder says what is wrong with them. GIF and BMP need no look:
what their decoders repeat is bounded by the pixels, or counted by ``CountedReads``.
"""

import itertools
import re
import struct

from image_classifier.complexity import refuse_above
from image_classifier.sniff_tiff import TIFF, check_tiff
from image_classifier.vp8l import check_huffman_codes

MAX_SCANS = 32  # Pillow writes 10, for CMYK 18; MozJPEG up to 17
MAX_SEGMENTS = 400  # before the first scan; a colour profile alone may have 255
MAX_EXIFS = 8  # Pillow joins them and copies all of them for each
MAX_INFLATED_CHUNKS = 32  # of metadata; each may grow to 1 MB
MAX_CHUNKS = 400  # of a WebP, before its first frame

# JPEG markers that a length follows (ITU-T T.81, table B.1), found as decoders find them.
SEGMENT = re.compile(rb"\xff([\xc0-\xc7\xc9-\xcf\xda-\xef\xfe])")
SEQUENTIAL_FRAMES = b"\xc0\xc1"
OTHER_FRAMES = b"\xc2\xc3\xc5\xc6\xc7\xc9\xca\xcb\xcd\xce\xcf"
START_OF_SCAN = 0xDA
APP1 = 0xE1
SCAN = b"\xff\xda\0"  # with the length's first byte: a scan's header has at most 14

# WebP (RFC 9649, section 2)
FRAME_HEADER = 16
LOSSLESS_ALPHA, ALPHA_COMPRESSION = 0x01, 0x03
SIDE = 0x3FFF  # 14 bits


def check_work(data: bytes) -> None:
    """Read the container's structure, in bounded time.

    Raises:
        ImageTooComplex: decoding is more work than honest images ask
        UnidentifiedImageError: a TIFF that Pillow does not read
        LookupError, ArithmeticError, ValueError, struct.error: the structure is damaged
    """
    if data.startswith(b"\xff\xd8\xff"):
        _check_jpeg(data)
    elif data.startswith(b"\x89PNG"):
        _check_png(data)
    elif data.startswith(b"RIFF") and data.startswith(b"WEBP", 8):
        _check_webp(data)
    elif data.startswith(TIFF):
        strips_or_tiles, holds_jpeg = check_tiff(data)
        if holds_jpeg:
            refuse_above(MAX_SCANS * strips_or_tiles, data.count(SCAN), "scans")


def _check_jpeg(data: bytes) -> None:
    position = 2
    segments = exifs = components = 0
    sequential = True
    while match := SEGMENT.search(data, position):
        marker, start = match[1][0], match.end()
        if marker == START_OF_SCAN:
            break
        segments += 1
        refuse_above(MAX_SEGMENTS, segments, "JPEG segments")
        if marker in SEQUENTIAL_FRAMES + OTHER_FRAMES:
            sequential, components = marker in SEQUENTIAL_FRAMES, data[start + 7]
        if marker == APP1 and data.startswith(b"Exif\0\0", start + 2):
            exifs += 1
            refuse_above(MAX_EXIFS, exifs, "EXIF blocks")
        position = start + max(2, int.from_bytes(data[start : start + 2], "big"))
    # Where the first scan holds all components there is no other; the search is spared.
    if match and (not sequential or data[start + 2] < components):
        refuse_above(MAX_SCANS, data.count(SCAN), "scans")


def _check_png(data: bytes) -> None:
    position, inflated = 8, 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        position += 12 + size
        if kind in (b"iCCP", b"zTXt", b"iTXt"):
            inflated += 1
            refuse_above(MAX_INFLATED_CHUNKS, inflated, "compressed texts")


def _check_webp(data: bytes) -> None:
    """Look at the first image: libwebp reads a frame's chunks as if they stood beside it."""
    position, alpha = 12, 0
    for chunks in itertools.count(1):
        kind, size = struct.unpack_from("<4sL", data, position)
        start = position + 8
        position = start + size + size % 2
        refuse_above(MAX_CHUNKS, chunks, "parts before the image")
        if kind == b"ANMF":
            position = start + FRAME_HEADER
        elif kind == b"ALPH":
            alpha = start
        elif kind == b"VP8L":
            (sides,) = struct.unpack_from("<L", data, start + 1)
            check_huffman_codes(data, start + 5, (sides & SIDE) + 1, (sides >> 14 & SIDE) + 1)
            return
        elif kind == b"VP8 ":
            if alpha and data[alpha] & ALPHA_COMPRESSION == LOSSLESS_ALPHA:
                width, height = struct.unpack_from("<HH", data, start + 6)
                check_huffman_codes(data, alpha + 1, width & SIDE, height & SIDE)
            return
