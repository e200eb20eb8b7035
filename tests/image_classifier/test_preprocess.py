from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_classifier.artifact import InputSpec, Resampling
from image_classifier.preprocess import to_input

SPEC = InputSpec(height=224, width=224, resize_shorter_side=256)


@pytest.mark.parametrize("resampling", ["bilinear", "bicubic"])
def test_equals_resizing_the_shorter_side_and_cutting_the_centre(resampling: Resampling):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).resize((800, 800))
    resized = image.resize((256, 256), Image.Resampling[resampling.upper()])
    cut = np.asarray(resized.crop((16, 16, 16 + 224, 16 + 224)), dtype=np.float32)

    array = to_input(image, replace(SPEC, resampling=resampling))

    assert np.abs(array[0] - cut).max() <= 1


def test_cuts_the_centre():
    image = Image.new("RGB", (900, 300), "black")
    image.paste("white", (300, 0, 600, 300))

    assert to_input(image, SPEC).min() >= 254


@given(st.integers(1, 700), st.integers(1, 700))
def test_gives_the_model_its_shape_for_any_image_size(width: int, height: int):
    array = to_input(Image.new("RGB", (width, height), (10, 200, 30)), SPEC)

    assert array.shape == (1, 224, 224, 3)
    assert array.dtype == np.float32
    assert array[0, 0, 0].tolist() == pytest.approx([10, 200, 30], abs=1)
