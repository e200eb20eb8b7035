"""Small files that ask for much work: each is a lawful or nearly lawful image."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.image_classifier.images import encode, png_chunk

RATIONAL, LONG, SHORT, BYTE = 5, 4, 3, 1


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def before_the_frame(inserted: bytes) -> bytes:
    """A JPEG with ``inserted`` at its beginning."""
    jpeg = encode(Image.new("RGB", (64, 64)), "JPEG")
    return jpeg[:2] + inserted + jpeg[2:]


def progressive_jpeg(scans: int, mode: str = "RGB") -> bytes:
    """A progressive JPEG whose last scan is repeated until it has ``scans``."""
    jpeg = encode(Image.new(mode, (64, 64)), "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * (scans - jpeg.count(b"\xff\xda\0")) + jpeg[-2:]


def sequential_jpeg(scans: int) -> bytes:
    """Three components, one in each scan: decoders allow any number of those."""
    jpeg = encode(Image.new("RGB", (64, 64)), "JPEG")
    start = jpeg.index(b"\xff\xda")
    return jpeg[:start] + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") * scans + b"\xff\xd9"


def png_with(chunks: bytes) -> bytes:
    """A PNG with ``chunks`` behind its header."""
    png = encode(Image.new("RGB", (8, 8)), "PNG")
    return png[:33] + chunks + png[33:]


def gif_with(extensions: bytes) -> bytes:
    """A GIF with ``extensions`` before its frame."""
    gif = encode(Image.new("RGB", (8, 8)), "GIF")
    frame = gif.index(b",\0\0\0\0")
    return gif[:frame] + extensions + gif[frame:]


def run_length_bmp(width: int, height: int, runs: bytes) -> bytes:
    """A BMP in RLE8 of a palette that is not grey."""
    palette = b"\1\2\3\0" * 256
    start = 54 + len(palette)
    header = struct.pack(
        "<LllHHLLllLL", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0
    )  # BITMAPINFOHEADER
    return b"BM" + struct.pack("<LHHL", start + len(runs), 0, 0, start) + header + palette + runs


def tiff(pixels: bytes, tags: dict[int, tuple[int, bytes]], width: int = 64) -> bytes:
    """A grey, square TIFF whose one strip is ``pixels``; ``tags`` replace its own.

    Each tag is its type and its values, as they stand in the file; the pixels begin at byte 8.
    """
    own = {
        256: (LONG, struct.pack("<L", width)),
        257: (LONG, struct.pack("<L", width)),
        258: (SHORT, struct.pack("<H", 8)),
        259: (SHORT, struct.pack("<H", 1)),
        262: (SHORT, struct.pack("<H", 1)),
        273: (LONG, struct.pack("<L", 8)),
        279: (LONG, struct.pack("<L", len(pixels))),
    }
    sizes = {BYTE: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
    entries, lists = b"", b""
    for tag, (kind, values) in sorted((own | tags).items()):
        place = struct.pack("<L", 8 + len(pixels) + len(lists))
        entries += struct.pack("<HHL", tag, kind, len(values) // sizes[kind])
        entries += values.ljust(4, b"\0") if len(values) <= 4 else place
        lists += values if len(values) > 4 else b""
    directory = struct.pack("<H", len(entries) // 12) + entries + bytes(4)
    return b"II*\0" + struct.pack("<L", 8 + len(pixels) + len(lists)) + pixels + lists + directory


def tiled(side: int, width: int) -> bytes:
    """A TIFF of ``width`` by ``width`` pixels in one tile of ``side`` by ``side``."""
    tile = zlib.compress(bytes(side * side), 1)
    edge = (LONG, struct.pack("<L", side))
    where, size = (LONG, struct.pack("<L", 8)), (LONG, struct.pack("<L", len(tile)))
    tags = {259: (SHORT, struct.pack("<H", 8)), 322: edge, 323: edge, 324: where, 325: size}
    image = tiff(tile, tags, width)
    return image.replace(struct.pack("<HHL", 273, LONG, 1), struct.pack("<HHL", 280, LONG, 1))


def strips(number: int, pixels: bytes, compression: int) -> bytes:
    """A TIFF of 64 strips that names ``number`` of them, all with the same bytes."""
    return tiff(
        pixels,
        {
            259: (SHORT, struct.pack("<H", compression)),
            273: (LONG, struct.pack("<L", 8) * number),
            278: (LONG, struct.pack("<L", 1)),
            279: (LONG, struct.pack("<L", len(pixels)) * number),
        },
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a WebP."""
    return kind + struct.pack("<L", len(body)) + body + bytes(len(body) % 2)


def webp(chunks: bytes, flags: int | None = None) -> bytes:
    """A WebP of ``chunks``; with ``flags`` an extended one of 64 by 64 pixels."""
    if flags is not None:
        chunks = chunk(b"VP8X", struct.pack("<LHBHB", flags, 63, 0, 63, 0)) + chunks
    return b"RIFF" + struct.pack("<L", 4 + len(chunks)) + b"WEBP" + chunks


def lossless(stream: bytes, side: int = 64) -> bytes:
    """The chunk of a lossless image."""
    return chunk(b"VP8L", b"/" + struct.pack("<L", (side - 1) | (side - 1) << 14) + stream)


def huffman_groups(number: int, transforms: str = "") -> bytes:
    """A lossless stream, its size left out, with ``number`` groups of codes; it uses the last.

    ``transforms`` are bits in the order of reading, as everything here. No pixel takes any.
    """
    zero = "1000"  # a code of one symbol
    last = f"{number - 1:016b}"[::-1]
    squares = f"1 111 0 101{last[:8]} 101{last[8:]}" + zero * 3  # of 512 pixels
    bits = transforms + "0 0" + (squares if number > 1 else "0") + zero * 5 * number
    bits = bits.replace(" ", "")
    return int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")


def frame(image: bytes) -> bytes:
    """The only frame of an animation of 64 by 64 pixels."""
    animation = chunk(b"ANIM", bytes(6))
    return animation + chunk(b"ANMF", struct.pack("<6xHBHB4x", 63, 0, 63, 0) + image)


def alpha(stream: bytes) -> bytes:
    """A lossy image whose transparency is a lossless stream."""
    return chunk(b"ALPH", b"\1" + stream) + encode(Image.new("RGB", (64, 64)), "WEBP")[12:]


MANY_CODES = huffman_groups(2**16)
ICC_PROFILE = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000)))
BOMBS: dict[str, Callable[[], bytes]] = {
    "progressive scans": lambda: progressive_jpeg(33),
    "scans of one component": lambda: sequential_jpeg(33),
    "EXIF blocks": lambda: before_the_frame(segment(0xE1, b"Exif\0\0+") * 9),
    "JPEG comments": lambda: before_the_frame(segment(0xFE, b"") * 401),
    "JPEG fill bytes": lambda: before_the_frame(b"\xff" * 1_000_000),
    "colour profiles": lambda: png_with(ICC_PROFILE * 33),
    "PNG chunks": lambda: png_with(png_chunk(b"teSt", b"") * 80_000),
    "PNG image chunks": lambda: png_with(png_chunk(b"IDAT", b"") * 80_000),
    "GIF comments": lambda: gif_with(b"!\xfe" + b"\1x" * 500_000 + b"\0"),
    "GIF extensions": lambda: gif_with(b"!\x01\1x\0" * 100_000),
    "BMP runs": lambda: run_length_bmp(1, 100, b"\xff\1" * 500_000),
    "WebP chunks": lambda: webp(chunk(b"teSt", b"") * 500_000, flags=0),
    "Huffman codes": lambda: webp(lossless(MANY_CODES)),
    "Huffman codes behind a profile": lambda: webp(chunk(b"ICCP", b"x") + lossless(MANY_CODES), 32),
    "Huffman codes of a frame": lambda: webp(frame(lossless(MANY_CODES)), flags=2),
    "Huffman codes of transparency": lambda: webp(alpha(MANY_CODES), flags=16),
    "squares with Huffman codes": lambda: webp(lossless(b"\x04", side=1024)),
    "squares with transforms": lambda: webp(lossless(b"\x01", side=1024)),
    "strips": lambda: strips(65, bytes(64), 1),
    "strips as bytes": lambda: tiff(bytes(64), {273: (BYTE, b"\x08" * 1_000_000)}),
    "strips over the same bytes": lambda: strips(64, zlib.compress(bytes(64)) + bytes(9999), 8),
    "a tile beyond the image": lambda: tiled(side=2048, width=1),
    "rational numbers": lambda: tiff(bytes(4096), {282: (RATIONAL, bytes(8 * 133_000))}),
    "scans in a TIFF": lambda: tiff(progressive_jpeg(33), {259: (SHORT, struct.pack("<H", 7))}),
}
