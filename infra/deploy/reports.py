"""What a deployed function reports of its requests: REPORT lines in CloudWatch Logs, and a metric.

Sources: AWS Lambda, *Sending function logs to CloudWatch Logs* and *Monitoring concurrency*
(ProvisionedConcurrencySpilloverInvocations, under the alias).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.local.aws_lambda.report import Report, parse_report

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

_MINUTE_S = 60
_MAX_POINTS = 1440  # of a metric in one answer


@dataclass(frozen=True)
class AwsReports:
    """Log group and metrics of one function behind an alias."""

    logs: "CloudWatchLogsClient"
    metrics: "CloudWatchClient"
    log_group: str
    function: str
    alias: str = "live"

    def between(self, start_s: float, end_s: float) -> Iterator[Report]:
        """Of requests that ended between two times (epoch seconds)."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group,
            startTime=math.floor(start_s * 1000),
            endTime=math.ceil(end_s * 1000),
            filterPattern='"REPORT RequestId"',
        )
        for event in (event for page in pages for event in page["events"]):
            # 2026/11/21/[$LATEST]0123… or 2026/11/21/name[12]0123…: the end is the environment's.
            environment_id = event["logStreamName"].rpartition("]")[2]
            at_s, line = event["timestamp"] / 1000, event["message"]
            if report := parse_report(line, at_s, self.function, environment_id):
                yield report

    def spilled_over(self, start_s: float, end_s: float) -> int:
        """Invocations beyond provisioned concurrency in that time, to the whole minute."""
        start_s = start_s // _MINUTE_S * _MINUTE_S
        minutes = math.ceil((end_s - start_s) / _MINUTE_S)
        answer = self.metrics.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="ProvisionedConcurrencySpilloverInvocations",
            Dimensions=[
                {"Name": "FunctionName", "Value": self.function},
                {"Name": "Resource", "Value": f"{self.function}:{self.alias}"},
            ],
            StartTime=datetime.fromtimestamp(start_s, UTC),
            EndTime=datetime.fromtimestamp(start_s + minutes * _MINUTE_S, UTC),
            Period=math.ceil(minutes / _MAX_POINTS) * _MINUTE_S,
            Statistics=["Sum"],
        )
        return round(sum(point["Sum"] for point in answer["Datapoints"]))
