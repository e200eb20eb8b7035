import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.sam.intrinsics import load_yaml
from serving.errors import NotFound
from serving.telemetry import PowertoolsTelemetry, Record, recorded
from tests.classifier_fakes import RecordingTelemetry
from tests.conftest import ROOT

Note = Callable[[Record], list[dict[str, Any]]]


@pytest.fixture
def note(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Note:
    """The lines that a record is printed as, parsed."""
    # Powertools keeps one logger a service, and that its first stream.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.nodeid)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Space")

    def lines(record: Record) -> list[dict[str, Any]]:
        PowertoolsTelemetry().note(record)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines


@pytest.fixture
def lines(note: Note) -> list[dict[str, Any]]:
    """What one record with an error code prints."""
    return note(
        Record(
            request_id="r-1",
            subject={"method": "POST", "path": "/v1/predict"},
            cold_start=True,
            status=413,
            failed=False,
            code="image_too_large",
            duration_ms=12.345,
            measures={"decode_ms": 3.0, "image_bytes": 99},
        )
    )


def test_logs_fields_not_sentences(lines: list[dict]):
    (line,) = [line for line in lines if line.get("message") == "request"]

    assert line["request_id"] == "r-1"
    assert (line["status"], line["code"], line["cold_start"]) == (413, "image_too_large", True)


def test_the_same_line_has_metrics_with_units(lines: list[dict]):
    (line,) = [line for line in lines if line.get("message") == "request"]
    (directive,) = line["_aws"]["CloudWatchMetrics"]

    assert directive["Namespace"] == "Space"
    assert directive["Dimensions"] == [["service"]]  # the alarm's own, or it would watch nothing
    assert {m["Name"]: m["Unit"] for m in directive["Metrics"]} == {
        "DecodeMs": "Milliseconds",
        "ImageBytes": "Bytes",
        "DurationMs": "Milliseconds",
        "ColdStart": "Count",
        "ServerErrors": "Count",
    }
    assert line["DecodeMs"] == [3.0]


@pytest.mark.parametrize(("failed", "share"), [(False, 0.0), (True, 1.0)])
def test_every_record_says_whether_it_failed(note: Note, failed: bool, share: float):  # noqa: FBT001 - a parameter
    (line,) = note(Record("r-1", {}, cold_start=False, failed=failed, measures={"photos": 3}))

    assert line["ServerErrors"] == [share]
    assert line["Photos"] == [3.0]  # a measure without a unit is a count


LEVELS = load_yaml(ROOT / "template.yaml")["Parameters"]["LogLevel"]["AllowedValues"]


@pytest.mark.parametrize("level", LEVELS)
def test_alarms_get_their_metrics_at_every_level_once(
    note: Note, level: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", level)
    (line,) = note(Record("r-1", {}, cold_start=False))

    assert line["ServerErrors"] == [1.0]
    assert ("request_id" in line) == (level in ("DEBUG", "INFO"))


def test_what_answers_were_like_is_a_value_for_each(note: Note):
    record = Record("r-1", {}, cold_start=False)
    for score in (0.999999, 0.5):
        record.add_prediction("0123", {"top_score": score})
    (line,) = note(record)
    (directive,) = line["_aws"]["CloudWatchMetrics"]

    assert (line["model_version"], line["top_score"]) == ("0123", [0.999999, 0.5])
    assert line["TopScore"] == [0.999999, 0.5]
    assert {"Name": "TopScore", "Unit": "None"} in directive["Metrics"]


def test_counts_errors_by_code(lines: list[dict]):
    (line,) = [line for line in lines if "Errors" in line]

    assert (line["code"], line["Errors"]) == ("image_too_large", [1.0])


def test_a_request_logs_no_more_than_the_log_budget_counts_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-classifier")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ImageClassifier/image-classifier-prod")
    stages = ("decode_ms", "preprocess_ms", "infer_ms", "image_bytes")
    PowertoolsTelemetry().note(
        Record(
            request_id="0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
            subject={"method": "POST", "path": "/v1/predict"},
            cold_start=False,
            status=422,
            code="unsupported_image_format",
            duration_ms=1234.56,
            measures=dict.fromkeys(stages, 1234.56),
            ratios={"top_score": [0.123456], "entropy": [0.123456]},
        )
    )

    lambdas_own = 350  # START, END and REPORT
    assert len(capsys.readouterr().out.encode()) + lambdas_own <= 2000  # 500 MB are 250 000


def test_work_is_recorded_however_it_ends():
    telemetry = RecordingTelemetry()
    records = [Record(f"r-{number}", {}, cold_start=False) for number in range(3)]
    with recorded(records[0], telemetry):
        pass
    with pytest.raises(NotFound), recorded(records[1], telemetry):
        raise NotFound("gone")
    with pytest.raises(OSError, match="disk"), recorded(records[2], telemetry):
        raise OSError("disk")

    assert telemetry.requests == records
    assert [(record.failed, record.code) for record in records] == [
        (False, None),
        (True, "not_found"),
        (True, "internal_error"),
    ]
    assert len(telemetry.crashes) == 1
