"""A function of TensorFlow → LiteRT's file format."""

from typing import Any

import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from image_classifier.export.errors import InvalidInput
from image_classifier.export.recipe import Quantization


def convert(function: Any, quantization: Quantization) -> bytes:
    """A tf.function as a ``.tflite`` file; its weights stored as ``quantization`` says.

    The runtime widens float16 weights once, while it loads them, and computes in float32.

    Raises:
        InvalidInput: the model has an operation that LiteRT lacks.
    """
    # Frozen first: given variables, the converter writes a shell without weights.
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], tf.Module())
    if quantization != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        model: bytes = converter.convert()
    except ConverterError as exc:
        raise InvalidInput(
            "The model has an operation that LiteRT lacks: " + str(exc).strip().partition("\n")[0]
        ) from exc
    return model
