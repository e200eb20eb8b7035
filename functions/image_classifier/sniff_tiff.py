"""TIFF: directories, whose lists can be long, and strips or tiles, which can be many or huge."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import UnidentifiedImageError

from image_classifier.complexity import refuse_above

MAX_PIECES = 2**16  # strips or tiles
MAX_VALUES = 2 * MAX_PIECES + 1000  # in the directories: where strips stand, and their sizes
MIN_PADDED = 2**20  # a small image may stand in one large tile

# What Pillow takes for a TIFF; the last is a BigTIFF to libtiff
# alone, so the two would read different images.
TIFF = (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+")

# TIFF 6.0, section 2: types of values; 16 is BigTIFF's
INTEGERS = {3: "H", 4: "L", 16: "Q"}
OPAQUE = (1, 2, 6, 7)  # bytes and text
WIDTH, LENGTH, COMPRESSION, SAMPLES, PLANAR = 256, 257, 259, 277, 284
STRIPS, ROWS, STRIP_SIZES = 273, 278, 279
TILES, TILE_WIDTH, TILE_LENGTH, TILE_SIZES = 324, 322, 323, 325
SUBDIRECTORIES = (34665, 34853, 40965)  # EXIF, GPS, interoperability
MAX_DIRECTORIES = 1 + 3 + 9  # the first, its subdirectories and theirs
NOT_COMPRESSED, ONE_PLANE_EACH, JPEG = 1, 2, (6, 7)


@dataclass(frozen=True)
class Layout:
    """How a file writes numbers, and where its first directory's offset stands."""

    order: str
    entry: str
    pointer: str
    count: str
    start: int


@dataclass(frozen=True)
class Directory:
    """Tags of the first image: type, number of values, and the values or where they are."""

    data: bytes
    layout: Layout
    tags: dict[int, tuple[int, int, bytes]]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All values of a tag of integers."""
        kind, count, value = self.tags[tag]
        order = self.layout.order
        values = f"{order}{count}{INTEGERS[kind]}"
        if struct.calcsize(values) <= len(value):
            return struct.unpack_from(values, value)
        (offset,) = struct.unpack(order + self.layout.pointer, value)
        return struct.unpack_from(values, self.data, offset)

    def number(self, tag: int, default: int = 0) -> int:
        """The value of a tag that has one."""
        return self.numbers(tag)[0] if tag in self.tags else default


def check_tiff(data: bytes) -> tuple[int, bool]:
    """How many strips or tiles there are, and whether they hold JPEGs.

    Raises:
        ImageTooComplex
        UnidentifiedImageError: a TIFF that Pillow does not read
        LookupError, ArithmeticError, ValueError, struct.error: the structure is damaged
    """
    directory = _first_directory(data)
    tags, number = directory.tags, directory.number
    tiled = TILE_WIDTH in tags
    if (STRIPS if tiled else TILES) in tags:
        raise ValueError("strips as well as tiles")
    width, length = number(WIDTH), number(LENGTH)
    across, down = width, min(length, number(ROWS, length))
    if tiled:
        across, down = number(TILE_WIDTH), number(TILE_LENGTH)
    columns, rows = -(-width // across), -(-length // down)
    if tiled:
        padded = columns * across * rows * down
        refuse_above(width * length * 3 // 2 + MIN_PADDED, padded, "pixels in its tiles")
    planes = number(SAMPLES, 1) if number(PLANAR) == ONE_PLANE_EACH else 1
    offsets = TILES if tiled else STRIPS
    pieces = tags[offsets][1] if offsets in tags else 1  # the oldest JPEGs in TIFFs name none
    refuse_above(min(columns * rows * planes, MAX_PIECES), pieces, "strips or tiles")
    compression = number(COMPRESSION, NOT_COMPRESSED)
    if compression != NOT_COMPRESSED:  # many pieces can name the same bytes
        sizes = [tag for tag in (STRIP_SIZES, TILE_SIZES) if tag in tags]
        read = sum(sum(directory.numbers(tag)) for tag in sizes) or pieces * len(data)
        refuse_above(2 * len(data), read, "bytes in its strips or tiles")
    return pieces, compression in JPEG


def _first_directory(data: bytes) -> Directory:
    if data.startswith(TIFF[-1]):
        raise UnidentifiedImageError("big-endian BigTIFF")
    order = "<" if data.startswith(b"II") else ">"
    layout = Layout(order, "HHL4s", "L", "H", 4)
    if data.startswith(b"II+"):
        layout = Layout(order, "HHQ8s", "Q", "Q", 8)
    offsets = list(struct.unpack_from(order + layout.pointer, data, layout.start))
    directories: list[dict[int, tuple[int, int, bytes]]] = []
    values = 0
    for offset in offsets:
        tags: dict[int, tuple[int, int, bytes]] = {}
        for tag, kind, count, value in _entries(data, offset, layout):
            # Pillow skips what the file cannot hold.
            values += 1 if kind in OPAQUE or count > len(data) else max(1, count)
            refuse_above(MAX_VALUES, values, "values in its directories")
            if tag in SUBDIRECTORIES and tag not in tags and len(offsets) < MAX_DIRECTORIES:
                offsets += struct.unpack(order + layout.pointer, value)
            tags.setdefault(tag, (kind, count, value))  # of two alike, the first counts
        directories.append(tags)
    return Directory(data, layout, directories[0])


def _entries(data: bytes, offset: int, layout: Layout) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, number of values, and value of each entry of the directory at ``offset``."""
    entry, head = layout.order + layout.entry, layout.order + layout.count
    first = offset + struct.calcsize(head)
    if first > len(data):
        return
    (entries,) = struct.unpack_from(head, data, offset)
    size = struct.calcsize(entry)
    count = min(entries, (len(data) - first) // size)
    yield from struct.iter_unpack(entry, data[first : first + count * size])
