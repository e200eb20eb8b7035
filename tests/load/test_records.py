"""Both sides of a request in one row, and where the server's side comes from."""

import csv
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.deploy.reports import AwsReports
from infra.local.aws_lambda import report as lambda_report
from infra.local.aws_lambda.report import LocalReports, Report, parse_report
from loadtest.load import collect
from loadtest.records import write_joined

GROUP = {"logGroupName": "/aws/lambda/stack/classifier"}
STREAM = "2026/11/21/stack-Classifier[7]0123456789abcdef0123456789abcdef"


def write_reports(data: Path, *reports: Report) -> LocalReports:
    file = lambda_report.ReportFile(data / "logs" / "requests.jsonl")
    for report in reports:
        file.write(report)
    file.close()
    return LocalReports(data / "logs" / "requests.jsonl")


def test_a_run_joins_both_sides_by_the_requests_id(tmp_path: Path, client, server):
    requests = [client(request_id="a"), client(request_id="b"), client(request_id="")]
    lines = (json.dumps(asdict(request)) + "\n" for request in requests)
    (tmp_path / "run_requests.jsonl").write_text("".join(lines))
    (tmp_path / "run_stats_history.csv").write_text(
        "Timestamp,User Count,Name\n100,2,POST /v1/predict\n100,3,Aggregated\n"
    )
    source = write_reports(tmp_path, server(request_id="b"), server(request_id=""))

    run = collect("run", tmp_path, source)

    joined = [request.server and request.server.request_id for request in run.requests]
    assert joined == [None, "b", None]
    assert (run.users, run.spilled_over, len(run.server)) == (((100.0, 3),), 0, 2)


def test_the_table_has_a_line_per_request_and_both_sides(tmp_path: Path, client, server):
    requests = [client(server=server(init_ms=5.0)), client(request_id="b")]

    write_joined(tmp_path / "requests.csv", [("r", requests)])

    with (tmp_path / "requests.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["run"], first["latency_ms"], first["server_init_ms"]) == ("r", "20.0", "5.0")
    assert second["server_request_id"] == ""


def test_the_gateways_records_are_read_for_the_time_of_the_run(tmp_path: Path, server):
    times = (999.0, 1000.0, 1002.0)
    records = [server(time=at, request_id=f"{at:g}", spilled_over=True) for at in times]

    source = write_reports(tmp_path, *records)

    assert list(source.between(1000.0, 1001.0)) == [records[1]]
    assert source.spilled_over(1000.0, 1001.0) == 1


@pytest.mark.parametrize(("outcome", "parsed"), [("ok", "ok"), ("function_crashed", "not ok")])
def test_a_report_line_says_what_the_gateway_put_into_it(outcome: str, parsed: str, server):
    line = lambda_report.report_line(server(outcome=outcome, init_ms=298.67))

    record = parse_report(line, 100.1, "ClassifierFunction", "e")

    assert record == server(outcome=parsed, init_ms=298.67, queued_ms=None)


def test_a_report_line_as_lambda_writes_it_is_read_and_no_other():
    line = (
        "REPORT RequestId: 8f5\tDuration: 1204.58 ms\tBilled Duration: 1205 ms\t"
        "Memory Size: 1769 MB\tMax Memory Used: 203 MB\t\nXRAY TraceId: 1-5\tSegmentId: 3\t"
        "Sampled: true\t\n"
    )

    record = parse_report(line, 1.0, "f", "e")

    assert record is not None
    assert (record.duration_ms, record.init_ms, record.outcome) == (1204.58, None, "ok")
    assert parse_report("START RequestId: 8f5 Version: 7", 1.0, "f", "e") is None


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients = boto3.client("logs"), boto3.client("cloudwatch")
        yield AwsReports(*clients, GROUP["logGroupName"], "classifier")


def test_aws_records_come_from_all_pages_of_the_log(source):
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    source.logs.create_log_group(**GROUP)
    source.logs.create_log_stream(**GROUP, logStreamName=STREAM)
    line = "REPORT RequestId: {}\tDuration: 2.5 ms\tBilled Duration: 3 ms\tMemory Size: 1769 MB\t"
    events = [{"timestamp": now_ms, "message": line.format(number)} for number in range(300)]
    noise = {"timestamp": now_ms, "message": "START RequestId: 1 Version: 7"}
    early = {"timestamp": now_ms - 60_000, "message": line.format("early")}
    source.logs.put_log_events(**GROUP, logStreamName=STREAM, logEvents=[early, noise, *events])

    records = list(source.between(now_ms / 1000 - 1, now_ms / 1000 + 1))

    assert {record.request_id for record in records} == {f"{number}" for number in range(300)}
    assert {record.environment_id for record in records} == {"0123456789abcdef0123456789abcdef"}


def test_spill_over_is_the_aliass_metric_summed_over_the_run(source):
    start_s = datetime(2026, 11, 21, 8, 0, 30, tzinfo=UTC).timestamp()
    function = {"Name": "FunctionName", "Value": "classifier"}
    alias = {"Name": "Resource", "Value": "classifier:live"}
    for minute, value, dimensions in (
        *((0, 3, [function, alias]), (1, 4, [function, alias])),
        *((9, 100, [function, alias]), (0, 50, [function])),  # later, and of all versions
    ):
        at = datetime(2026, 11, 21, 8, minute, tzinfo=UTC)
        name = "ProvisionedConcurrencySpilloverInvocations"
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
        source.metrics.put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    assert source.spilled_over(start_s, start_s + 60) == 7
