from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from image_classifier.artifact import InputSpec
from image_classifier.export.convert import convert
from image_classifier.export.errors import VerificationRefused
from image_classifier.export.normalisation import NORMALISATIONS, Normalisation
from image_classifier.export.reference import reference
from image_classifier.export.verify import verify
from image_classifier.runtime import load_model

SPEC = InputSpec(height=32, width=48, resize_shorter_side=55)


def swapped(normalisation: Normalisation) -> Normalisation:
    return replace(normalisation, reverses_channels=not normalisation.reverses_channels)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(swapped, id="red and blue swapped"),
        pytest.param(lambda _: NORMALISATIONS["caffe"], id="another mode"),
        pytest.param(lambda n: replace(n, scale=(128.0,) * 3), id="a scale that is 0.4 % off"),
    ],
)
def test_refuses_an_artifact_that_sees_other_pixels(
    make_model: Any,
    make_artifact: Any,
    photos: Callable[[InputSpec], list[NDArray[np.float32]]],
    wrong: Callable[[Normalisation], Normalisation],
) -> None:
    model, images = make_model(None, classes=2), photos(SPEC)
    right = reference(model, SPEC, NORMALISATIONS["tf"], images)
    wrong_reference = reference(model, SPEC, wrong(NORMALISATIONS["tf"]), images)

    def answers_of(source: Any) -> list[NDArray[np.float32]]:
        infer = load_model(make_artifact(convert(source.serve(), "float32")), threads=1)
        return [infer(image) for image in images]

    expected = [right(image) for image in images]
    assert verify(expected, answers_of(right), "float32").same_top1 == len(images)
    with pytest.raises(VerificationRefused):
        verify(expected, answers_of(wrong_reference), "float32")
