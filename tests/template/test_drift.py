"""The alarm on photos of another kind, computed as CloudWatch would, beside ``make drift``."""

import json
import math
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from evaluation.distribution import bins_of
from evaluation.drift.compare import DIFFERENT, LEAST_PREDICTIONS, measure_drift
from image_classifier.artifact import Bins, Calibration
from infra.deploy.model import distribution_parameters
from infra.local.sam.intrinsics import Scope, evaluate, load_yaml
from tests.classifier_fakes import calibrated_copy
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, resources_of

DRIFT = load_yaml(ROOT / "infra" / "drift.yaml")
DASHBOARD = load_yaml(ROOT / "infra" / "dashboard.yaml")
NAMES = {"MetricsNamespace": "N", "Service": "s", "TopicArn": "t", "Alarm.Arn": "arn:alarm"}
RNG = np.random.default_rng(4)


def calibrated(bins: Bins) -> Calibration:
    return Calibration(1.0, 0.1, 0.1, 400, "photos", None, {"entropy": bins})


@pytest.fixture
def resolved(tmp_path: Path, embedded_model: Path):
    """infra/drift.yaml as it is deployed with a model of these bins."""

    def resolve(bins: Bins) -> dict[str, Any]:
        model = calibrated_copy(embedded_model, tmp_path / str(uuid4()), calibrated(bins))
        values = dict(pair.split("=") for pair in distribution_parameters(model))
        assert values.keys() < DOCUMENT["Parameters"].keys()
        lists = {name.removeprefix("Entropy"): text.split(",") for name, text in values.items()}
        scope = Scope({**NAMES, "AWS::Region": "r", **lists}, {}, {}, {})
        return evaluate({key: DRIFT[key] for key in ("Resources", "Outputs")}, scope)

    return resolve


def index_of(metrics: list[dict[str, Any]], entropies: np.ndarray) -> float:
    """The alarm's value by metric math, whose operators and calls here are Python's too; a bin
    without a value is missing."""
    names: dict[str, Any] = {
        "LOG": math.log,
        "SUM": sum,
        "FILL": lambda value, other: other if value is None else value,
        "IF": lambda condition, yes, no: yes if condition else no,
    }
    stats = {m["Id"]: m["MetricStat"]["Stat"] for m in metrics if "MetricStat" in m}
    for name, stat in stats.items():
        if stat == "SampleCount":
            names[name] = len(entropies)
        else:
            low, high = re.fullmatch(r"PR\((.*):(.*)\)", stat).groups()
            inside = (entropies > float(low or -1)) & (entropies <= float(high))
            names[name] = 100 * inside.mean() or None
    expressions = {m["Id"]: m["Expression"] for m in metrics if "Expression" in m}
    names["rest"] = eval(expressions["rest"], names)
    return eval(expressions["index"].replace("\n", " "), names)


@pytest.mark.parametrize("photos", [20, 128, 400])
@pytest.mark.parametrize("spread", [(2, 8), (3, 7), (40, 9)])
def test_the_alarm_computes_what_make_drift_does(resolved, photos: int, spread: tuple[int, int]):
    bins = bins_of(RNG.beta(2, 8, photos).round(6).tolist())
    entropies = RNG.beta(*spread, 500).round(6)
    alarm = resolved(bins)["Resources"]["Alarm"]["Properties"]
    (comparison,) = measure_drift(calibrated(bins), {"entropy": entropies.tolist()})

    index = index_of(alarm["Metrics"], entropies)
    assert index == pytest.approx(comparison.index, rel=1e-6)
    assert alarm["Threshold"] == DIFFERENT
    assert index_of(alarm["Metrics"], entropies[: LEAST_PREDICTIONS - 1]) == 0
    assert index_of(alarm["Metrics"], entropies[:LEAST_PREDICTIONS]) != 0


def test_the_alarm_is_within_cloudwatch_s_limits(resolved):
    metrics = resolved(bins_of(RNG.random(400).tolist()))["Resources"]["Alarm"]["Properties"][
        "Metrics"
    ]

    assert sum("MetricStat" in metric for metric in metrics) <= 10
    assert [metric["Id"] for metric in metrics if metric.get("ReturnData", True)] == ["index"]
    assert max(len(metric.get("Expression", "")) for metric in metrics) <= 2048


def test_the_dashboard_shows_the_alarm_where_there_is_one(resolved):
    (dashboard,) = resources_of("AWS::CloudWatch::Dashboard", DASHBOARD).values()
    values = {**dict.fromkeys(DASHBOARD["Parameters"], "x"), "AWS::Region": "r"}

    def widgets(more: str) -> list[dict[str, Any]]:
        scope = Scope({**values, "MoreWidgets": more}, {}, {}, {})
        return json.loads(evaluate(dashboard["DashboardBody"], scope))["widgets"]

    without = widgets(DASHBOARD["Parameters"]["MoreWidgets"]["Default"])
    *others, added = widgets(resolved(bins_of([0.1, 0.2]))["Outputs"]["Widget"]["Value"])
    assert others == without
    assert added["properties"]["annotations"]["alarms"] == ["arn:alarm"]
    assert added["y"] >= max(widget["y"] + widget["height"] for widget in others)


def test_without_a_distribution_there_is_no_alarm(embedded_model: Path):
    drift = DOCUMENT["Resources"]["Drift"]
    scope = Scope({"EntropyEdges": ""}, DOCUMENT["Conditions"], {}, {})

    assert not distribution_parameters(embedded_model)
    assert DOCUMENT["Parameters"]["EntropyEdges"]["Default"] == ""
    assert evaluate({"Condition": drift["Condition"]}, scope) is False
