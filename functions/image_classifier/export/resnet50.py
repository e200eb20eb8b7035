"""Keras' own ResNet50 with weights from a file."""

import warnings
from pathlib import Path

import keras

from image_classifier.export.errors import InvalidInput


def resnet50(weights: Path) -> keras.Model:
    """``keras.applications.ResNet50`` with the top: caffe-normalised [n, 224, 224, 3] → [n, 1000].

    Raises:
        InvalidInput: the file is damaged, or another model's.
    """
    model = keras.applications.ResNet50(weights=None)
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers that the file lacks, and leaves them random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(weights)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserWarning) as exc:
        raise InvalidInput(
            f"{weights} does not hold the weights of keras.applications.ResNet50 with its top."
        ) from exc
    return model
