"""Base and head → one Keras model → the verified artifact."""

import io
from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
from keras import layers
from PIL import Image

from evaluation.answers import Pixels, read_pixels
from image_classifier.artifact import Calibration, InputSpec
from image_classifier.decode import decode_image
from image_classifier.export.build import Built, ask_keras, export_model
from teaching.base import Base
from teaching.head import Head
from teaching.material import Material

GOLDEN_PHOTOS = 20
GOLDEN_SIDE = 320


def build(name: str, base: Base, head: Head, material: Material, calibration: Calibration) -> Built:
    """The artifact, verified on photos of its own and on those of the report.

    Raises:
        VerificationRefused: it does not answer as Keras does.
    """
    logits = layers.Dense(len(material.labels), name="head")(base.model.output)
    model = keras.Model(base.model.input, logits, name=name)
    model.get_layer("head").set_weights([head.weights, head.bias])
    classes, photos = len(material.labels), int(material.taught.sum())
    source = f"{base.weights.source}; head taught on {photos} photos of {classes} classes"
    golden = dict(_golden_photos(material))
    return export_model(
        ask_keras(model, base.recipe, golden),
        replace(base.recipe, name=name, labels=material.labels, calibration=calibration),
        replace(base.weights, source=source),
        golden,
        (pixels.values for pixels in _judged_pixels(material, base.spec)),
    )


def _golden_photos(material: Material) -> Iterator[tuple[str, bytes]]:
    """Some that it was taught on, of every class in turn; small, and without what cameras add."""
    turn = [np.flatnonzero(material.taught & (material.truth == c.index)) for c in material.labels]
    places = [(place, i) for members in turn for place, i in enumerate(members)]
    for number, (_, i) in enumerate(sorted(places)[:GOLDEN_PHOTOS]):
        image = decode_image(material.features.photos[i].read(), GOLDEN_SIDE)
        image.thumbnail((GOLDEN_SIDE, GOLDEN_SIDE), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90)
        yield f"{number:02}.jpg", file.getvalue()


def _judged_pixels(material: Material, spec: InputSpec) -> Iterator[Pixels]:
    for _, pixels in read_pixels(material.chosen(material.judged), spec, "As Keras does"):
        if isinstance(pixels, Pixels):
            yield pixels
