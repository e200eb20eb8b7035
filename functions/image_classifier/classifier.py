"""A photo's bytes in, ranked classes out: decode → preprocess → infer → rank."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from image_classifier.artifact import Artifact
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
class Classification:
    """The most likely classes, best first, and what they cost."""

    predictions: tuple[Prediction, ...]
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
            UnsupportedImageFormat, TooManyPixels, ImageDamaged: see ``decode``.
        """
        spec = self.artifact.manifest.input
        began = self.clock_s()
        image = decode_image(data, min_shorter_side=spec.resize_shorter_side)
        decoded = self.clock_s()
        look(image)
        array = to_input(image, spec)
        preprocessed = self.clock_s()
        probabilities = self.infer(array)
        inferred = self.clock_s()
        return Classification(
            predictions=rank(probabilities, self.artifact.labels, top_k),
            timings=Timings(
                decode_ms=(decoded - began) * 1000,
                preprocess_ms=(preprocessed - decoded) * 1000,
                infer_ms=(inferred - preprocessed) * 1000,
            ),
        )
