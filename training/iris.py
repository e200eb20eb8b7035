"""Iris: logistic regression on four measurements."""

from dataclasses import asdict, dataclass

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from iris.model import COLUMNS
from training.plots import confusion
from training.trained import Trained

NAME = "iris"


@dataclass(frozen=True)
class Config:
    """``regularisation_c`` is scikit-learn's ``C``: more is less regularisation."""

    regularisation_c: float = 10.0
    held_out: float = 1 / 3
    folds: int = 5
    seed: int = 42
    champion_metric: str = "accuracy_cross_validated"


def train(config: Config | None = None) -> Trained:
    """Evaluate on flowers held out and in cross-validation; fit on all that scikit-learn ships."""
    config = config or Config()
    data = load_iris()
    rows, species = data.data.astype(np.float32), data.target
    classes = [f"Iris-{name}" for name in data.target_names]
    fit_rows, test_rows, fit_species, test_species = train_test_split(
        rows, species, test_size=config.held_out, random_state=config.seed, stratify=species
    )
    tried = _estimator(config).fit(fit_rows, fit_species)
    folds = StratifiedKFold(config.folds, shuffle=True, random_state=config.seed)
    model = _estimator(config).fit(rows, species)
    converted = to_onnx(model, rows[:1], options={"zipmap": False}, target_opset=17, name=NAME)
    return Trained(
        name=NAME,
        onnx=converted.SerializeToString(),
        rows=rows,
        expected=model.predict_proba(rows),
        inputs={column: [] for column in COLUMNS},
        classes=classes,
        threshold=None,
        trained_on={
            "source": "Fisher's iris (1936), as scikit-learn ships it",
            "flowers": len(rows),
        },
        training={"estimator": "StandardScaler, LogisticRegression", **asdict(config)},
        metrics={
            "accuracy_cross_validated": float(
                cross_val_score(_estimator(config), rows, species, cv=folds).mean()
            ),
            "accuracy_held_out": float(accuracy_score(test_species, tried.predict(test_rows))),
            "log_loss_held_out": float(log_loss(test_species, tried.predict_proba(test_rows))),
        },
        champion_metric=config.champion_metric,
        plots={
            "confusion": confusion(
                species, cross_val_predict(_estimator(config), rows, species, cv=folds), classes
            )
        },
    )


def _estimator(config: Config) -> Pipeline:
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=config.regularisation_c, max_iter=1000)
    )
