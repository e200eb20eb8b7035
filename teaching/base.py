"""The model whose features are used: all of it but its classifier."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from image_classifier.artifact import InputSpec
from image_classifier.export import choose
from image_classifier.export.build import keras_model
from image_classifier.export.convert import convert
from image_classifier.export.normalisation import NORMALISATIONS
from image_classifier.export.recipe import RESNET50_WEIGHTS, Recipe
from image_classifier.export.reference import input_spec, outputs
from image_classifier.export.weights import (
    PublishedFile,
    Weights,
    default_cache,
    published_weights,
)
from teaching.features import keep

# The layer before the classifier: the mean of each feature over the photo.
POOLING = {"efficientnet-lite0": "_avg_pooling", "resnet50": "avg_pool"}
BASES = tuple(POOLING)


@dataclass(frozen=True)
class Base:
    """``model`` is Keras', normalised [n, H, W, 3] → features [n, features]."""

    recipe: Recipe
    weights: Weights
    model: keras.Model
    spec: InputSpec

    @property
    def features(self) -> int:
        """How many it gives for each photo."""
        return int(self.model.outputs[0].shape[1])


def load_base(name: str, environ: Mapping[str, str]) -> Base:
    """One of ``BASES``, with ImageNet's weights.

    Raises:
        WeightsUnavailable, InvalidInput: ResNet50's weights cannot be had.
    """
    recipe, weights = _chosen(name, environ)
    if isinstance(weights, PublishedFile):
        weights = published_weights(weights, default_cache(environ))
    whole = keras_model(recipe, weights)
    model = keras.Model(whole.input, whole.get_layer(POOLING[name]).output, name=name)
    return Base(recipe, weights, model, input_spec(model, recipe.preprocessing))


def _chosen(name: str, environ: Mapping[str, str]) -> tuple[Recipe, Weights | PublishedFile]:
    if name == "resnet50":
        named = environ.get("RESNET50_WEIGHTS")
        weights = choose.resnet50_weights(Path(named) if named else None, RESNET50_WEIGHTS)
        return choose.resnet50_recipe(None), weights
    return choose.efficientnet_lite0_recipe(None), choose.efficientnet_lite0_weights()


def feature_network(base: Base, cache: Path) -> bytes:
    """The base as LiteRT runs it, quantised as the taught model will be: a head learns from the
    very features that it will get. ``cache`` keeps it for these weights and this TensorFlow."""
    recipe = base.recipe
    made_from = (recipe.name, recipe.quantization, base.weights.sha256, tf.__version__)
    path = cache / f"{'-'.join(made_from)}.tflite"
    if not path.is_file():
        normalisation = NORMALISATIONS[recipe.preprocessing.normalisation]
        network = convert(outputs(base.model, base.spec, normalisation), recipe.quantization)
        keep(path, network)
    return path.read_bytes()
