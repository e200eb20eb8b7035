"""One limit on whatever a file makes a decoder repeat."""

import io

from serving.errors import UnprocessableContent

MAX_READS = 2**16
MAX_PIXELS = 50_000_000


class ImageTooComplex(UnprocessableContent):
    """Decoding would repeat something more often than any honest image needs."""

    code = "image_too_complex"


class CountedReads(io.BytesIO):
    """A file's bytes, in at most ``MAX_READS`` pieces: Pillow's loops in Python read in each turn.

    Honest images have fewer: a raw TIFF, for one, a strip for each row.
    """

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ``BytesIO`` does.

        Raises:
            ImageTooComplex
        """
        self.reads += 1
        refuse_above(MAX_READS, self.reads, "parts")
        return super().read(size)


def refuse_above(limit: int, count: int, kind: str) -> None:
    """Refuse an image that has more than ``limit`` of something.

    Raises:
        ImageTooComplex
    """
    if count > limit:
        raise ImageTooComplex(
            f"The image has more than {limit:,} {kind}, which no camera or program needs; "
            "saving it again in another program may help."
        )
