"""Pictures of an evaluation, for MLflow."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def confusion(expected: Labels, predicted: Labels, classes: list[str]) -> Figure:
    """How often each class was taken for each."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        expected, predicted, display_labels=classes, ax=figure.subplots(), colorbar=False
    )
    return figure


def roc(expected: Labels, probabilities: dict[str, Probabilities]) -> Figure:
    """The receiver operating characteristic of each of ``probabilities``."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in probabilities.items():
        RocCurveDisplay.from_predictions(expected, values, name=name, ax=axes)
    return figure


def calibration(expected: Labels, probabilities: Probabilities) -> Figure:
    """The share of delays in twenty groups of equal size, by predicted probability."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    share, predicted = calibration_curve(expected, probabilities, n_bins=20, strategy="quantile")
    axes.plot(predicted, share, marker="o")
    axes.plot([0, predicted.max()], [0, predicted.max()], linestyle="--", color="grey")
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that was delayed")
    return figure
