"""What to export: decided, and its files found, without TensorFlow."""

from dataclasses import dataclass
from typing import Literal

from image_classifier.artifact import Artifact, Calibration, Label, Resampling
from image_classifier.export.weights import PublishedFile, Weights

Architecture = Literal["resnet50", "efficientnet-lite0", "keras-file"]
Quantization = Literal["dynamic-range-int8", "float16", "float32"]

# keras.applications.resnet (Keras 3): BASE_WEIGHTS_PATH and WEIGHTS_HASHES["resnet50"][0].
RESNET50_WEIGHTS = PublishedFile(
    url="https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
    "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
    md5="2cb95161c43110f7111970584f804107",
    licence="MIT (ported by Keras from Kaiming He's release)",
)

# By measurement, on one thread: int8 weights take ResNet50 from 32 to 12 ms, but EfficientNet-Lite0
# from 5 to 11, through its depthwise convolutions. Its weights are float16, for half the size at
# the same speed: of 200 photos none got another top class. Full int8, calibrated on the packaged
# photos, was twice as fast, but gave 8 of the 200 another, and scores in steps of 1/256. A model of
# one's own is left as it is.
DEFAULT_QUANTIZATION: dict[Architecture, Quantization] = {
    "resnet50": "dynamic-range-int8",
    "efficientnet-lite0": "float16",
    "keras-file": "float32",
}


@dataclass(frozen=True)
class Preprocessing:
    """What was done to photos in the model's training.

    ``normalisation`` is a key of ``NORMALISATIONS``. ``resize_shorter_side`` is in pixels; None is
    the usual: a crop of 224 out of 256.
    """

    normalisation: str
    resampling: Resampling
    resize_shorter_side: int | None = None


@dataclass(frozen=True)
class Recipe:
    """All that decides an artifact but its weights; logits are divided by the temperature of
    ``calibration``, if there is any.
    """

    name: str
    architecture: Architecture
    preprocessing: Preprocessing
    quantization: Quantization
    labels: tuple[Label, ...]
    calibration: Calibration | None = None


def is_made_by(artifact: Artifact, recipe: Recipe, weights: Weights | PublishedFile) -> bool:
    """Whether exporting again would give ``artifact``; published weights need not be here yet."""
    manifest = artifact.manifest
    match weights:
        case Weights():
            same_weights = manifest.weights.get("sha256") == weights.sha256
        case PublishedFile():
            same_weights = manifest.weights.get("source") == weights.url
    preprocessing = recipe.preprocessing
    same_size = preprocessing.resize_shorter_side in (None, manifest.input.resize_shorter_side)
    return (same_weights and same_size) and (
        manifest.name,
        manifest.quantization,
        manifest.weights.get("normalisation"),
        manifest.input.resampling,
        artifact.labels,
        manifest.calibration,
    ) == (
        recipe.name,
        recipe.quantization,
        preprocessing.normalisation,
        preprocessing.resampling,
        recipe.labels,
        recipe.calibration,
    )
