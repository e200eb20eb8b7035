"""The pixel values that a model expects: Keras' names, and one form for all of them."""

from dataclasses import dataclass

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Normalisation:
    """RGB in 0…255 → (pixel - mean) / scale, then BGR if ``reverses_channels``."""

    mean: Channels = (0.0, 0.0, 0.0)
    scale: Channels = (1.0, 1.0, 1.0)
    reverses_channels: bool = False


# keras.applications.imagenet_utils.preprocess_input (modes caffe, tf, torch), in RGB order and in
# 0…255; efficientnet-lite: tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py.
NORMALISATIONS = {
    "none": Normalisation(),
    "caffe": Normalisation(mean=(123.68, 116.779, 103.939), reverses_channels=True),
    "tf": Normalisation(mean=(127.5,) * 3, scale=(127.5,) * 3),
    "torch": Normalisation(
        mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
        scale=(0.229 * 255, 0.224 * 255, 0.225 * 255),
    ),
    "efficientnet-lite": Normalisation(mean=(127.0,) * 3, scale=(128.0,) * 3),
}
