"""Upright RGB image → the array the model takes."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from image_classifier.artifact import InputSpec


def to_input(image: Image.Image, spec: InputSpec) -> NDArray[np.float32]:
    """RGB image → float32 [1, height, width, 3] in 0…255, centre-cropped (He et al. 2015, §3.4).

    Equal to resizing the shorter side to ``spec.resize_shorter_side`` and cutting the input's size
    from the centre, as in the model's training; only the pixels that the cut keeps are computed.
    """
    scale = min(image.size) / spec.resize_shorter_side
    kept_width, kept_height = spec.width * scale, spec.height * scale
    left, top = (image.width - kept_width) / 2, (image.height - kept_height) / 2
    resized = image.resize(
        (spec.width, spec.height),
        Image.Resampling[spec.resampling.upper()],
        box=(left, top, left + kept_width, top + kept_height),
        reducing_gap=2.0,  # shrinks large images by whole factors first: faster, hardly different
    )
    return np.asarray(resized, dtype=np.float32)[np.newaxis]
