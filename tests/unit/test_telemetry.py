import json

import pytest

from serving.telemetry import PowertoolsTelemetry, RequestRecord


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What one record with an error code prints, parsed."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "svc")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Space")
    record = RequestRecord(
        request_id="r-1",
        method="POST",
        path="/v1/predict",
        cold_start=True,
        status=413,
        code="image_too_large",
        duration_ms=12.345,
        measures={"decode_ms": 3.0, "image_bytes": 99},
    )
    PowertoolsTelemetry().request(record)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_logs_fields_not_sentences(lines: list[dict]):
    (line,) = [line for line in lines if line.get("message") == "request"]

    assert line["request_id"] == "r-1"
    assert (line["status"], line["code"], line["cold_start"]) == (413, "image_too_large", True)


def test_emits_metrics_with_units(lines: list[dict]):
    (line,) = [line for line in lines if "ColdStart" in line]
    (directive,) = line["_aws"]["CloudWatchMetrics"]

    assert directive["Namespace"] == "Space"
    assert {m["Name"]: m["Unit"] for m in directive["Metrics"]} == {
        "DecodeMs": "Milliseconds",
        "ImageBytes": "Bytes",
        "DurationMs": "Milliseconds",
        "ColdStart": "Count",
        "ServerErrors": "Count",
    }
    assert line["DecodeMs"] == [3.0]


@pytest.mark.parametrize(("status", "share"), [(200, 0.0), (422, 0.0), (500, 1.0), (503, 1.0)])
def test_every_request_says_whether_it_was_a_server_error(
    status: int, share: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "svc")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Space")
    PowertoolsTelemetry().request(
        RequestRecord("r-1", "POST", "/v1/predict", cold_start=False, status=status)
    )
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "ServerErrors" in line]
    metrics = json.loads(line)

    assert metrics["ServerErrors"] == [share]
    # the alarm's own dimensions, or it would watch nothing
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_counts_errors_by_code(lines: list[dict]):
    (line,) = [line for line in lines if "Errors" in line]

    assert (line["code"], line["Errors"]) == ("image_too_large", [1.0])


def test_a_request_logs_no_more_than_the_log_budget_counts_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-classifier")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ImageClassifier/image-classifier-prod")
    stages = ("decode_ms", "preprocess_ms", "infer_ms", "image_bytes")
    PowertoolsTelemetry().request(
        RequestRecord(
            request_id="0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
            method="POST",
            path="/v1/predict",
            cold_start=False,
            status=422,
            code="unsupported_image_format",
            duration_ms=1234.56,
            measures=dict.fromkeys(stages, 1234.56),
        )
    )

    lambdas_own = 350  # START, END and REPORT
    assert len(capsys.readouterr().out.encode()) + lambdas_own <= 2000  # 500 MB are 250 000
