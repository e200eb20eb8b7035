"""Flights → a model that also answers where the optional columns are missing.

One model, not two: each flight is learned twice, with half the weight, once without its weekday and
time of day. Over four random thirds its AUC was 0.6657 and 0.6946, that of two models, one for each
kind, 0.6660 and 0.6962.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import brier_score_loss, f1_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

from flight_delay.model import COLUMNS, REQUIRED, features
from training.flight_delay.data import Flights, known_columns
from training.plots import calibration, confusion, roc
from training.trained import Trained

NAME = "flight-delay"
CLASSES = ["on time", "delayed"]


@dataclass(frozen=True)
class Config:
    """``threshold_for`` F1, or for the cost, where a missed delay costs ``cost_of_miss`` false
    alarms. No class is weighted up: that would move the probabilities, and the threshold does it.
    """

    trees: int = 60
    depth: int = 8
    learning_rate: float = 0.2
    min_child_weight: float = 5.0
    reg_lambda: float = 5.0
    columns_per_tree: float = 0.4
    held_out: float = 0.33
    repeats: int = 5
    seed: int = 42
    threshold_for: Literal["f1", "cost"] = "f1"
    cost_of_miss: float = 4.0
    champion_metric: str = "auc_five_inputs"


@dataclass(frozen=True)
class HeldOut:
    """Flights that a model has not seen, and its probabilities with three and five inputs."""

    late: NDArray[np.int64]
    three: NDArray[np.float64]
    five: NDArray[np.float64]


def train(flights: Flights, config: Config | None = None) -> Trained:
    """Evaluate on random thirds, each held out from a model of its own; fit on all flights."""
    config = config or Config()
    thirds = [hold_out(flights, config, config.seed + n) for n in range(config.repeats)]
    late, three, five = (
        np.concatenate([getattr(third, name) for third in thirds])
        for name in ("late", "three", "five")
    )
    threshold = choose_threshold(np.tile(late, 2), np.concatenate([three, five]), config)
    model = fit(flights.codes, flights.late, flights.inputs, config)
    cells = np.unique(flights.codes, axis=0)
    rows = np.concatenate([_rows(codes, flights.inputs) for codes in _both(cells)])
    converted = convert_xgboost(
        model,
        name=NAME,  # else a random one, and other bytes each time
        initial_types=[("rows", FloatTensorType([None, rows.shape[1]]))],
        target_opset=15,
    )
    return Trained(
        name=NAME,
        onnx=converted.SerializeToString(),
        rows=rows,
        expected=model.predict_proba(rows),
        inputs=flights.inputs,
        classes=CLASSES,
        threshold=threshold,
        trained_on=flights.source,
        training={"estimator": "XGBClassifier", **asdict(config)},
        metrics=_metrics(thirds, late, three, five, threshold),
        champion_metric=config.champion_metric,
        plots={
            "confusion": confusion(late, (three >= threshold).astype(np.int64), CLASSES),
            "roc": roc(late, {"three inputs": three, "five inputs": five}),
            "calibration": calibration(late, three),
            "calibration_five_inputs": calibration(late, five),
        },
    )


def hold_out(flights: Flights, config: Config, seed: int) -> HeldOut:
    """Fit on the rest of a random third; its probabilities for that third."""
    seen, unseen = train_test_split(
        np.arange(len(flights.late)), test_size=config.held_out, random_state=seed
    )
    model = fit(flights.codes[seen], flights.late[seen], flights.inputs, config)
    five, three = (
        model.predict_proba(_rows(codes, flights.inputs))[:, 1].astype(np.float64)
        for codes in _both(flights.codes[unseen])
    )
    return HeldOut(flights.late[unseen], three, five)


def fit(
    codes: NDArray[np.int64], late: NDArray[np.int64], inputs: dict[str, list[str]], config: Config
) -> XGBClassifier:
    """Boosted trees on flights with all their columns, and again without the optional ones."""
    # Counts as weights: the order of the flights cannot matter, and there are few distinct ones.
    cells, counts = np.unique(np.column_stack([codes, late]), axis=0, return_counts=True)
    rows = np.concatenate([_rows(half, inputs) for half in _both(cells[:, :-1])])
    model = XGBClassifier(
        n_estimators=config.trees,
        max_depth=config.depth,
        learning_rate=config.learning_rate,
        min_child_weight=config.min_child_weight,
        reg_lambda=config.reg_lambda,
        colsample_bytree=config.columns_per_tree,
        tree_method="hist",
        n_jobs=1,
        random_state=config.seed,
    )
    return model.fit(rows, np.tile(cells[:, -1], 2), sample_weight=np.tile(counts, 2) / 2)


def choose_threshold(
    late: NDArray[np.int64], probabilities: NDArray[np.float64], config: Config
) -> float:
    """Where a probability becomes a yes: by cost, or where F1 is highest on held-out flights."""
    if config.threshold_for == "cost":
        return 1 / (1 + config.cost_of_miss)
    candidates = np.round(np.arange(0.05, 0.6, 0.005), 3)
    scores = [f1_score(late, probabilities >= candidate) for candidate in candidates]
    return float(candidates[int(np.argmax(scores))])


def _metrics(
    thirds: list[HeldOut],
    late: NDArray[np.int64],
    three: NDArray[np.float64],
    five: NDArray[np.float64],
    threshold: float,
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, probabilities in (("three", three), ("five", five)):
        aucs = [roc_auc_score(third.late, getattr(third, name)) for third in thirds]
        delayed = probabilities >= threshold
        metrics |= {
            f"auc_{name}_inputs": float(np.mean(aucs)),
            f"auc_{name}_inputs_first": float(aucs[0]),
            f"auc_{name}_inputs_lowest": float(min(aucs)),
            f"auc_{name}_inputs_highest": float(max(aucs)),
            f"precision_{name}_inputs": float(precision_score(late, delayed)),
            f"recall_{name}_inputs": float(recall_score(late, delayed)),
            f"f1_{name}_inputs": float(f1_score(late, delayed)),
            f"brier_{name}_inputs": float(brier_score_loss(late, probabilities)),
            f"calibration_error_{name}_inputs": calibration_error(late, probabilities),
        }
    return metrics


def calibration_error(late: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """The mean gap between predicted and true share in twenty groups of about equal size."""
    groups = np.array_split(np.argsort(probabilities, kind="stable"), 20)
    return float(np.mean([abs(late[g].mean() - probabilities[g].mean()) for g in groups]))


def _both(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flights with all their columns, and without the optional ones."""
    return codes, known_columns(codes, REQUIRED)


def _rows(codes: NDArray[np.int64], inputs: dict[str, list[str]]) -> NDArray[np.float32]:
    return features(codes, [len(inputs[column]) for column in COLUMNS])
