"""Lossless WebP (RFC 9649, section 3): how many Huffman codes its pixels use.

Their number stands behind the transforms' small images, which are skipped: no pixel is kept.
"""

from image_classifier.complexity import MAX_PIXELS, refuse_above
from image_classifier.huffman import WINDOW, Bits, decoding_table, read_code_lengths

# libwebp transforms at most 2**14 squares of an image; before 2024 more, but none was smaller than
# 8 by 8 pixels. At most 2600 have Huffman codes of their own, in its first years about 3400.
MAX_TRANSFORMED, TRANSFORMED_SIDE = 2**14, 8
MAX_CODED = 2**13
# Symbols of all codes, used or not: each takes time while tables are built. The most were found in
# collages of thumbnails in few colours: 57,000 at 256 × 256 pixels, 450,000 at one megapixel, where
# a photo has less than 100,000, and 1,620,000 at four.
MIN_SYMBOLS, MEGAPIXEL_SYMBOLS, MAX_SYMBOLS = 2**17, 2**20, 2**22

PREDICTOR, COLOUR, COLOUR_INDEXING = 0, 1, 3
LITERALS, LENGTHS, DISTANCES = 256, 24, 40
MAX_CACHE_BITS = 11
EXTRA_BITS = tuple(max(0, symbol - 2 >> 1) for symbol in range(DISTANCES))  # section 4.2.2
LAST_START = 8 * WINDOW - 80  # in bits; a pixel takes at most 60, a copy of pixels 58


def check_huffman_codes(data: bytes, start: int, width: int, height: int) -> None:
    """Refuse a stream with more codes than encoders write; decoders read them all, used or not.

    The stream begins at byte ``start``, behind its image's size.

    Raises:
        ImageTooComplex
        ValueError: the stream is damaged
    """
    pixels = width * height
    if pixels > MAX_PIXELS:
        return  # refused for that, before it is decoded
    bits = Bits(data, start)
    width = skip_transforms(bits, width, height)
    symbols = LITERALS * 4 + LENGTHS + DISTANCES + _read_cache_size(bits)
    if bits.read(1):
        squares = _squares(width, height, 4 << bits.read(3))
        refuse_above(MAX_CODED, squares, "squares with Huffman codes of their own")
        green = read_code_lengths(bits, LITERALS + LENGTHS + _read_cache_size(bits))
        red = read_code_lengths(bits, LITERALS)
        # Red and green of a square's pixel are the number of its group of codes. The largest that
        # they can be stands for the largest that follows: encoders give no code to what they lack.
        groups = (_last(red) << 8) + _last(green[:LITERALS]) + 1
        limit = _max_symbols(pixels) // symbols
        if limit > LITERALS:  # with two reds, green's largest is 255: groups count in such steps
            limit = -(-limit // LITERALS) * LITERALS
        refuse_above(limit, groups, "groups of Huffman codes")


def skip_transforms(bits: Bits, width: int, height: int) -> int:
    """Move behind the transforms; the width of what they leave, which holds several in a pixel.

    Raises:
        ImageTooComplex
        ValueError: the stream is damaged
    """
    max_transformed = max(MAX_TRANSFORMED, _squares(width, height, TRANSFORMED_SIDE))
    transforms = set()
    while bits.read(1):
        transform = bits.read(2)
        if transform in transforms:
            raise ValueError("a transform twice")
        transforms.add(transform)
        if transform in (PREDICTOR, COLOUR):
            squares = _squares(width, height, 4 << bits.read(3))
            refuse_above(max_transformed, squares, "squares with transforms of their own")
            _skip_pixels(bits, squares)
        elif transform == COLOUR_INDEXING:
            colours = bits.read(8) + 1
            _skip_pixels(bits, colours)
            index_bits = next(size for size in (1, 2, 4, 8) if colours <= 1 << size)
            width = _squares(width, 1, 8 // index_bits)
    return width


def _max_symbols(pixels: int) -> int:
    """One a pixel, of large images one for two; more of small ones, where they take no time."""
    small = max(MIN_SYMBOLS, min(pixels, MEGAPIXEL_SYMBOLS))
    return min(max(small, pixels // 2), MAX_SYMBOLS)


def _squares(width: int, height: int, side: int) -> int:
    return -(-width // side) * -(-height // side)


def _last(lengths: list[int]) -> int:
    return max((symbol for symbol, length in enumerate(lengths) if length), default=0)


def _read_cache_size(bits: Bits) -> int:
    if not bits.read(1):
        return 0
    cache_bits = bits.read(4)
    if not 1 <= cache_bits <= MAX_CACHE_BITS:
        raise ValueError("a colour cache of no allowed size")
    return 1 << cache_bits


def _skip_pixels(bits: Bits, pixels: int) -> None:
    """Move behind an image that has neither transforms nor groups."""
    sizes = (LITERALS + LENGTHS + _read_cache_size(bits), LITERALS, LITERALS, LITERALS, DISTANCES)
    tables = [decoding_table(read_code_lengths(bits, size)) for size in sizes]
    (green, mask), *others, (distances, distances_mask) = [(t, len(t) - 1) for t in tables]
    others = [(table, mask) for table, mask in others if mask]  # the rest takes no bits
    if not mask and not others and green[0] >> 4 < LITERALS:
        return  # nor does any pixel
    ahead, used = bits.ahead(), 0
    while pixels > 0:
        if used > LAST_START:
            bits.position += used
            ahead, used = bits.ahead(), 0
        entry = green[ahead >> used & mask]
        used += entry & 15
        symbol = (entry >> 4) - LITERALS
        if symbol < 0:
            for table, table_mask in others:
                used += table[ahead >> used & table_mask] & 15
            pixels -= 1
        elif symbol < LENGTHS:
            extra = EXTRA_BITS[symbol]
            least = 2 + symbol % 2 << extra if extra else symbol
            pixels -= least + (ahead >> used & (1 << extra) - 1) + 1
            used += extra
            entry = distances[ahead >> used & distances_mask]
            used += (entry & 15) + EXTRA_BITS[entry >> 4]
        else:
            pixels -= 1  # from the colour cache
    bits.position += used
    if bits.position > 8 * len(bits.data):
        raise ValueError("a stream that ends too early")
