"""Both sides of a request in one row, and where the server's side comes from."""

import csv
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.deploy.reports import AwsReports
from infra.local.aws_lambda.report import LocalReports, Report, parse_report, report_line
from loadtest.load import collect
from loadtest.records import Request, read_requests, request_table, write_joined

GROUP = "/aws/lambda/stack/classifier"
STREAM = "2026/11/21/stack-Classifier[7]0123456789abcdef0123456789abcdef"
REPORT = Report(
    time=1000.0,
    request_id="a",
    function="ClassifierFunction",
    outcome="ok",
    memory_mb=1769,
    queued_ms=1.5,
    environment_id="e",
    initialization_type="on-demand",
    cold=True,
    init_ms=298.67,
    duration_ms=4.19,
    billed_ms=303,
    max_memory_mb=117,
    spilled_over=True,
)


def write_requests(path: Path, requests: list[Request]) -> Path:
    with path.open("w", newline="") as file:
        request_table(file).writerows(vars(request) for request in requests)
    return path


def test_requests_are_read_as_they_were_written(tmp_path: Path, client):
    requests = [
        client(),
        client(outcome="refused", status=503, cold=None, environment_id="", reason="503"),
        client(outcome="failed", status=0, reason='TimeoutError("a, \\"b\\"\nc")', code="x"),
        client(cold=True, outcome="timeout", comment="soak"),
    ]

    assert list(read_requests(write_requests(tmp_path / "a.csv", requests))) == requests


def test_a_file_with_an_unknown_outcome_is_refused(tmp_path: Path, client):
    path = write_requests(tmp_path / "a.csv", [client(outcome="perhaps")])

    with pytest.raises(ValueError, match="perhaps"):
        list(read_requests(path))


def test_a_run_joins_both_sides_by_the_requests_id(tmp_path: Path, client, server):
    requests = [client(request_id="a"), client(request_id="b"), client(request_id="")]
    write_requests(tmp_path / "run_requests.csv", requests)
    (tmp_path / "run_stats_history.csv").write_text(
        "Timestamp,User Count,Name\n100,2,POST /v1/predict\n100,3,Aggregated\n"
    )
    write_reports(tmp_path, [server(request_id="b"), server(request_id="")])

    run = collect("run", tmp_path, LocalReports(tmp_path / "logs" / "requests.jsonl"))

    assert [each.server and each.server.request_id for each in run.requests] == [None, "b", None]
    assert (run.users, run.spilled_over, len(run.server)) == (((100.0, 3),), 0, 2)


def test_the_table_has_a_line_per_request_and_both_sides(tmp_path: Path, client, server):
    requests = [client(server=server(init_ms=5.0)), client(request_id="b")]

    write_joined(tmp_path / "requests.csv", [("r", requests)])

    with (tmp_path / "requests.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["run"], first["latency_ms"], first["server_init_ms"]) == ("r", "20.0", "5.0")
    assert second["server_request_id"] == ""


def write_reports(data: Path, reports: list[Report]) -> None:
    (data / "logs").mkdir()
    lines = (json.dumps(asdict(report)) + "\n" for report in reports)
    (data / "logs" / "requests.jsonl").write_text("".join(lines))


def test_the_gateways_records_are_read_for_the_time_of_the_run(tmp_path: Path):
    times = (999.0, 1000.0, 1002.0)
    write_reports(tmp_path, [replace(REPORT, time=at, request_id=f"{at:g}") for at in times])

    source = LocalReports(tmp_path / "logs" / "requests.jsonl")
    (record,) = source.between(1000.0, 1001.0)

    assert (record.request_id, record.init_ms, record.queued_ms) == ("1000", 298.67, 1.5)
    assert source.spilled_over(1000.0, 1001.0) == 1


def test_a_report_line_says_what_the_gateway_put_into_it():
    record = parse_report(report_line(REPORT), 1000.0, "f", "e")

    assert record is not None
    assert (record.request_id, record.memory_mb) == ("a", 1769)
    assert (record.duration_ms, record.billed_ms, record.init_ms) == (4.19, 303, 298.67)


def test_a_report_line_as_lambda_writes_it_is_read():
    line = (
        "REPORT RequestId: 8f5\tDuration: 1204.58 ms\tBilled Duration: 1205 ms\t"
        "Memory Size: 1769 MB\tMax Memory Used: 203 MB\t\nXRAY TraceId: 1-5\tSegmentId: 3\t"
        "Sampled: true\t\n"
    )

    record = parse_report(line, 1.0, "f", "e")

    assert record is not None
    assert (record.duration_ms, record.init_ms, record.outcome) == (1204.58, None, "ok")


def test_a_report_line_with_a_status_is_not_ok():
    record = parse_report(report_line(replace(REPORT, outcome="function_crashed")), 1.0, "f", "e")

    assert record is not None
    assert (record.outcome, record.init_ms) == ("not ok", 298.67)


def test_other_lines_are_no_report():
    assert parse_report("START RequestId: 8f5 Version: 7", 1.0, "f", "e") is None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("logs"), boto3.client("cloudwatch")


def test_aws_records_come_from_all_pages_of_the_log(aws):
    logs, metrics = aws
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    line = "REPORT RequestId: {}\tDuration: 2.5 ms\tBilled Duration: 3 ms\tMemory Size: 1769 MB\t"
    events = [{"timestamp": now_ms, "message": line.format(each)} for each in range(300)]
    noise = [{"timestamp": now_ms, "message": "START RequestId: 1 Version: 7"}]
    early = [{"timestamp": now_ms - 60_000, "message": line.format("early")}]
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=STREAM, logEvents=[*early, *noise, *events]
    )

    source = AwsReports(logs, metrics, GROUP, "classifier")
    records = list(source.between(now_ms / 1000 - 1, now_ms / 1000 + 1))

    assert {each.request_id for each in records} == {f"{each}" for each in range(300)}
    assert {each.environment_id for each in records} == {"0123456789abcdef0123456789abcdef"}


def test_spill_over_is_the_aliass_metric_summed_over_the_run(aws):
    logs, metrics = aws
    began = datetime(2026, 11, 21, 8, 0, 30, tzinfo=UTC)
    name = "ProvisionedConcurrencySpilloverInvocations"
    alias = [
        {"Name": "FunctionName", "Value": "classifier"},
        {"Name": "Resource", "Value": "classifier:live"},
    ]
    for minute, value, dimensions in (
        (0, 3, alias),
        (1, 4, alias),
        (9, 100, alias),
        (0, 50, alias[:1]),
    ):
        at = datetime(2026, 11, 21, 8, minute, tzinfo=UTC)
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
        metrics.put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    source = AwsReports(logs, metrics, GROUP, "classifier")

    assert source.spilled_over(began.timestamp(), began.timestamp() + 60) == 7
