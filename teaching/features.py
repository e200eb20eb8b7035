"""Photos → features, computed once for each file and then kept by its hash."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.answers import each_photo
from evaluation.photos import LabelledPhoto
from image_classifier.artifact import InputSpec
from image_classifier.decode import decode_image
from image_classifier.preprocess import to_input
from image_classifier.runtime import Infer, load_network
from serving.artifact import VERSION_DIGITS

HASH_SIDE = 8  # a difference hash has this number squared bits


@dataclass(frozen=True)
class Features:
    """Of each photo: ``values`` [n, 2, features] as it is and mirrored, and ``hashes`` [n], near
    each other (in bits) for photos that look alike. ``skipped`` says why of each other file."""

    photos: tuple[LabelledPhoto, ...]
    sha256: tuple[str, ...]
    hashes: NDArray[np.uint64]
    values: NDArray[np.float32]
    skipped: dict[str, str]


@dataclass(frozen=True)
class Extractor:
    """A network of features with a folder that keeps what it gave."""

    spec: InputSpec
    infer: Infer
    cache: Path

    def extract(self, photos: Sequence[LabelledPhoto]) -> Features:
        """The features of every photo that can be read, in order, with a progress bar."""
        kept, digests, hashes, values = [], [], [], []
        skipped: dict[str, str] = {}
        for photo, work in each_photo(photos, self._prepare, "Features"):
            if isinstance(work, str):
                skipped[photo.key] = work
                continue
            path, pixels, likeness = work
            if pixels is not None:
                mirrored = np.ascontiguousarray(pixels[:, :, ::-1])
                rows = np.stack([self.infer(pixels), self.infer(mirrored)])
                file = io.BytesIO()
                np.savez(file, hash=likeness, values=rows)
                keep(path, file.getvalue())
            with np.load(path) as found:
                hashes.append(found["hash"])
                values.append(found["values"])
            kept.append(photo)
            digests.append(path.stem)
        shape = (len(kept), 2, -1) if kept else (0, 2, 0)
        return Features(
            photos=tuple(kept),
            sha256=tuple(digests),
            hashes=np.array(hashes, np.uint64),
            values=np.array(values, np.float32).reshape(shape),
            skipped=skipped,
        )

    def _prepare(self, data: bytes) -> tuple[Path, NDArray[np.float32] | None, np.uint64]:
        """Where its features are kept; and its pixels, if they are not there yet."""
        path = self.cache / f"{sha256(data).hexdigest()}.npz"
        if path.is_file():
            return path, None, np.uint64(0)
        image = decode_image(data, self.spec.resize_shorter_side)
        return path, to_input(image, self.spec), difference_hash(image)


def extractor(network: bytes, spec: InputSpec, features: int, cache: Path) -> Extractor:
    """``cache`` has a folder for each network, as another one gives other features."""
    folder = cache / sha256(network).hexdigest()[:VERSION_DIGITS]
    infer = load_network(network, spec, features, threads=os.cpu_count() or 1)
    return Extractor(spec, infer, folder)


def difference_hash(image: Image.Image) -> np.uint64:
    """Whether brightness falls from left to right, in 8 × 8 places: 64 bits that survive another
    size and quality of the file."""
    grey = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BILINEAR)
    pixels = np.asarray(grey)
    return np.uint64(np.packbits(pixels[:, :-1] > pixels[:, 1:]).view(np.uint64)[0])


def keep(path: Path, content: bytes) -> None:
    """Renamed into place, so that what was interrupted is no file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
