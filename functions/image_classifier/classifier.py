"""A photo's bytes in, ranked classes out: decode → preprocess → infer → rank."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from image_classifier.artifact import Artifact
from image_classifier.certainty import Certainty, certainty_of
from image_classifier.decode import decode_image
from image_classifier.preprocess import to_input
from image_classifier.ranking import Prediction, rank
from image_classifier.runtime import Infer


@dataclass(frozen=True)
class Timings:
    """Milliseconds each step took."""

    decode_ms: float
    preprocess_ms: float
    infer_ms: float


@dataclass(frozen=True)
class Inference:
    """Probabilities [classes], in class order, and what they cost."""

    probabilities: NDArray[np.float32]
    timings: Timings


@dataclass(frozen=True)
class Classification:
    """The most likely classes, best first, how certain the model was, whether that is sure by its
    threshold (see ``Manifest.is_sure``), and what they cost.
    """

    predictions: tuple[Prediction, ...]
    certainty: Certainty
    sure: bool | None
    timings: Timings


@dataclass(frozen=True)
class Classifier:
    """A verified artifact with its loaded model; ``clock_s`` is monotonic, in seconds."""

    artifact: Artifact
    infer: Infer
    clock_s: Callable[[], float]

    def classify(
        self, data: bytes, top_k: int, look: Callable[[Image.Image], None] = lambda _: None
    ) -> Classification:
        """Classify the photo in ``data``; ``look`` is shown it as it was decoded.

        Raises:
            UnsupportedImageFormat, TooManyPixels, ImageTooComplex, ImageDamaged: see ``decode``.
        """
        inference = self.infer_photo(data, look)
        predictions = rank(inference.probabilities, self.artifact.labels, top_k)
        return Classification(
            predictions,
            certainty_of(inference.probabilities),
            self.artifact.manifest.is_sure(predictions[0].score),
            inference.timings,
        )

    def infer_photo(
        self, photo: bytes | Image.Image, look: Callable[[Image.Image], None] = lambda _: None
    ) -> Inference:
        """Every class' probability for a photo's file, or for an RGB image that is upright already.

        Raises:
            UnsupportedImageFormat, TooManyPixels, ImageTooComplex, ImageDamaged: see ``decode``.
        """
        spec = self.artifact.manifest.input
        began = self.clock_s()
        image = decode_image(photo, spec.resize_shorter_side) if isinstance(photo, bytes) else photo
        decoded = self.clock_s()
        look(image)
        array = to_input(image, spec)
        preprocessed = self.clock_s()
        probabilities = self.infer(array)
        inferred = self.clock_s()
        return Inference(
            probabilities,
            Timings(
                decode_ms=(decoded - began) * 1000,
                preprocess_ms=(preprocessed - decoded) * 1000,
                infer_ms=(inferred - preprocessed) * 1000,
            ),
        )
