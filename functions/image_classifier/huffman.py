"""Huffman codes of lossless WebP, and the bits they are written in (RFC 9649, 3.7.2.1)."""

WINDOW = 32  # bytes
# The codes of code lengths, in the file's order. Those above 15 repeat a length: by how many bits
# that follow, and how often at least.
LENGTH_CODES = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
PREVIOUS = 16
REPEATS = {PREVIOUS: (2, 3), 17: (3, 3), 18: (7, 11)}


class Bits:
    """Bits from a byte on, the lowest of each first; zeros follow the last."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.position = 8 * start

    def ahead(self) -> int:
        """The next bits as one number, ``8 * WINDOW - 7`` at least."""
        first = self.position >> 3
        window = self.data[first : first + WINDOW]
        return int.from_bytes(window, "little") >> (self.position & 7)

    def read(self, count: int) -> int:
        """The next ``count`` bits."""
        number = self.ahead() & ((1 << count) - 1)
        self.position += count
        return number


def read_code_lengths(bits: Bits, symbols: int) -> list[int]:
    """How many bits each symbol takes; 0 for one that has no code.

    Raises:
        ValueError: the file is damaged
    """
    if bits.read(1):
        two, bits_of_first = bits.read(1), 1 + 7 * bits.read(1)
        named = [bits.read(size) for size in (bits_of_first, 8)[: 1 + two]]
        return [int(symbol in named) for symbol in range(symbols)]
    order = LENGTH_CODES[: 4 + bits.read(4)]
    lengths_of_lengths = [0] * len(LENGTH_CODES)
    for code in order:
        lengths_of_lengths[code] = bits.read(3)
    table = decoding_table(lengths_of_lengths)
    codes = 2 + bits.read(2 + 2 * bits.read(3)) if bits.read(1) else symbols
    lengths: list[int] = []
    previous = 8
    while codes and len(lengths) < symbols:
        codes -= 1
        entry = table[bits.ahead() & len(table) - 1]
        bits.position += entry & 15
        code = entry >> 4
        if code in REPEATS:
            count, least = REPEATS[code]
            lengths += [previous if code == PREVIOUS else 0] * (bits.read(count) + least)
        else:
            lengths.append(code)
            previous = code or previous
    if len(lengths) > symbols:
        raise ValueError("lengths of more symbols than there are")
    return lengths + [0] * (symbols - len(lengths))


def decoding_table(lengths: list[int]) -> list[int]:
    """The canonical code of these lengths: by the next bits, the symbol << 4 | its number of bits.

    It has a power of 2 entries; a code of one symbol, which takes no bits, has one.

    Raises:
        ValueError: no code has these lengths
    """
    codes = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(codes) == 1:
        return [codes[0][1] << 4]
    longest = max(lengths)
    table = [0] * (1 << longest)
    first = 0
    for length, symbol in codes:
        start = int(f"{first:0{longest}b}"[::-1], 2)
        table[start :: 1 << length] = [symbol << 4 | length] * (1 << longest - length)
        first += 1 << longest - length
    if first != len(table):
        raise ValueError("no code has these lengths")
    return table
