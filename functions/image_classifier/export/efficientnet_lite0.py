"""EfficientNet-Lite0 in Keras, from the tensors of its PyTorch port.

Architecture: tensorflow/tpu, models/official/efficientnet/lite (Tan & Le 2019, without
squeeze-excite and with ReLU6). Layers bear the port's names, so weights find their layer by name;
none is left to Keras, which counts, so that every export has the same bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras
from keras import layers
from numpy.typing import NDArray

from image_classifier.export.errors import InvalidInput

INPUT_SHAPE = (224, 224, 3)
STEM_FILTERS = 32
HEAD_FILTERS = 1280
CLASSES = 1000
BATCH_NORM_EPSILON = 1e-3
UNUSED_SUFFIX = ".num_batches_tracked"  # PyTorch's training counter


class Stage(NamedTuple):
    """``repeat`` inverted-residual blocks, the first of them with ``stride``."""

    repeat: int
    kernel: int
    stride: int
    expand: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(tensors: Mapping[str, NDArray[Any]]) -> keras.Model:
    """Tensors by PyTorch name → Keras model, [n, 224, 224, 3] normalised → logits [n, 1000].

    Raises:
        InvalidInput: a tensor is missing, left over, or of another shape.
    """
    model = _architecture()
    unused = {name for name in tensors if not name.endswith(UNUSED_SUFFIX)}
    try:
        for layer in model.layers:
            weights = dict(_weights(layer))
            layer.set_weights([tensors[name].transpose(axes) for name, axes in weights.items()])
            unused -= weights.keys()
    except KeyError as exc:
        raise InvalidInput(f"Not EfficientNet-Lite0: there is no tensor {exc}.") from exc
    except ValueError as exc:
        raise InvalidInput(f"Not EfficientNet-Lite0: {layer.name} has another shape.") from exc
    if unused:
        raise InvalidInput(f"Not EfficientNet-Lite0: it has no use for {min(unused)}.")
    return model


def _architecture() -> keras.Model:
    image = keras.Input(INPUT_SHAPE, name="image")
    x = layers.Conv2D(STEM_FILTERS, 3, 2, "same", use_bias=False, name="_conv_stem")(image)
    x = _norm_relu6(x, "_bn0")
    for index, (stage, stride) in enumerate(_blocks()):
        x = _block(x, stage, stride, f"_blocks.{index}")
    x = layers.Conv2D(HEAD_FILTERS, 1, use_bias=False, name="_conv_head")(x)
    x = _norm_relu6(x, "_bn1")
    x = layers.GlobalAveragePooling2D(name="_avg_pooling")(x)
    return keras.Model(image, layers.Dense(CLASSES, name="_fc")(x), name="efficientnet-lite0")


def _blocks() -> Iterator[tuple[Stage, int]]:
    for stage in STAGES:
        for repetition in range(stage.repeat):
            yield stage, stage.stride if repetition == 0 else 1


def _block(x: Any, stage: Stage, stride: int, name: str) -> Any:
    shortcut = x
    if stage.expand != 1:
        filters = shortcut.shape[-1] * stage.expand
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}._expand_conv")(x)
        x = _norm_relu6(x, f"{name}._bn0")
    x = layers.DepthwiseConv2D(
        stage.kernel, stride, "same", use_bias=False, name=f"{name}._depthwise_conv"
    )(x)
    x = _norm_relu6(x, f"{name}._bn1")
    x = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}._project_conv")(x)
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}._bn2")(x)
    return layers.Add(name=f"{name}.add")([x, shortcut]) if x.shape == shortcut.shape else x


def _norm_relu6(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name)(x)
    return layers.ReLU(max_value=6, name=f"{name}.relu6")(x)


def _weights(layer: keras.layers.Layer) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A layer's tensors in Keras' order: PyTorch name, and its axes in Keras' order."""
    name = layer.name
    match layer:
        case layers.DepthwiseConv2D():  # [channels, 1, height, width]
            yield f"{name}.weight", (2, 3, 0, 1)
        case layers.Conv2D():  # [out, in, height, width]
            yield f"{name}.weight", (2, 3, 1, 0)
        case layers.Dense():  # [out, in]
            yield f"{name}.weight", (1, 0)
            yield f"{name}.bias", (0,)
        case layers.BatchNormalization():
            for part in ("weight", "bias", "running_mean", "running_var"):
                yield f"{name}.{part}", (0,)
