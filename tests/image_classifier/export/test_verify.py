from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from image_classifier.export.errors import VerificationRefused
from image_classifier.export.verify import verify

Rows = list[NDArray[np.float32]]


def softmax(logits: NDArray[Any]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max())
    probabilities: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
    return probabilities


@pytest.fixture
def logits() -> Rows:
    return list(np.random.default_rng(1).normal(scale=3, size=(6, 10)))


def test_reports_how_closely_they_agree(logits: Rows) -> None:
    noise = np.random.default_rng(2).normal(scale=1e-4, size=(6, 10))
    expected = [softmax(row) for row in logits]
    actual = [softmax(row + off) for row, off in zip(logits, noise, strict=True)]
    agreement = verify(expected, actual, "float32")
    assert (agreement.photos, agreement.same_top1) == (6, 6)
    assert 1e-6 < agreement.max_relative_error < 1e-4
    assert 0 < agreement.max_probability_difference < 1e-4


def test_allows_int8_weights_an_error_that_float32_may_not_have(logits: Rows) -> None:
    expected = [softmax(row) for row in logits]
    actual = [softmax(row * 1.1) for row in logits]
    assert verify(expected, actual, "dynamic-range-int8").same_top1 == 6
    with pytest.raises(VerificationRefused, match=r"relative error 0\.1 "):
        verify(expected, actual, "float32")


def test_refuses_when_a_single_photo_is_far_off(logits: Rows) -> None:
    expected = [softmax(row) for row in logits]
    actual = [*expected[:5], expected[5][::-1]]
    assert actual[5].argmax() != expected[5].argmax()
    with pytest.raises(VerificationRefused, match="on 1 of 6 photos"):
        verify(expected, actual, "dynamic-range-int8")


def test_another_top_class_is_accepted_only_where_the_two_are_tied() -> None:
    remaining = np.linspace(-3, -1, 98)
    clear, tied = np.array([1.0, 0.6, *remaining]), np.array([1.0, 0.999, *remaining])
    swapped = np.array([1.0, 1.01, *remaining])
    verify([softmax(tied)], [softmax(swapped)], "dynamic-range-int8")
    with pytest.raises(VerificationRefused, match="another top class on 1 of 1"):
        verify([softmax(clear)], [softmax(swapped)], "dynamic-range-int8")


@pytest.mark.parametrize(
    "spoil",
    [lambda row: row * np.nan, lambda row: row * 0.9, lambda row: 2 * row - 1 / len(row)],
    ids=["not finite", "does not sum to 1", "negative"],
)
def test_refuses_answers_that_are_no_probabilities(
    logits: Rows, spoil: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    expected = [softmax(row) for row in logits]
    with pytest.raises(VerificationRefused, match="not probabilities"):
        verify(expected, [*expected[:5], spoil(expected[5])], "dynamic-range-int8")


def test_of_few_classes_an_undecided_photo_is_measured_by_the_others() -> None:
    expected = [softmax(np.array([side, -side])) for side in (2.0, -2.0, 1.5, 0.0005)]
    slightly = [softmax(np.array([side, -side])) for side in (2.001, -2.001, 1.5, -0.0005)]
    swapped = [answer[::-1] for answer in expected]

    assert verify(expected, slightly, "float32").same_top1 == 3
    with pytest.raises(VerificationRefused):
        verify(expected, [*slightly[:2], *swapped[2:]], "float16")


def test_a_model_that_tells_nothing_apart_agrees_with_itself() -> None:
    uniform = np.full(1000, 1e-3, np.float32)
    agreement = verify([uniform], [uniform * np.float32(1 + 1e-6)], "float32")
    assert agreement.max_relative_error < 1e-3
