"""The server's side from AWS: REPORT lines in CloudWatch Logs, and the spill-over metric.

Sources: AWS Lambda, *Sending function logs to CloudWatch Logs* (the REPORT line) and *Monitoring
concurrency* (ProvisionedConcurrencySpilloverInvocations, under the alias).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from loadtest.joined import ServerRecord

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

_REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\s+Duration: (?P<duration>[\d.]+) ms\s+"
    r"Billed Duration: (?P<billed>\d+) ms\s+Memory Size: (?P<memory>\d+) MB"
    r"(?:.*?Init Duration: (?P<init>[\d.]+) ms)?",
    re.DOTALL,
)
_PERIOD_S = 60
_MAX_PERIODS = 1440  # what one call may answer


@dataclass(frozen=True)
class AwsRecords:
    """Records of one function behind an alias."""

    logs: "CloudWatchLogsClient"
    metrics: "CloudWatchClient"
    log_group: str
    function: str
    alias: str = "live"

    def read(self, start_s: float, end_s: float) -> Iterator[ServerRecord]:
        """Records of requests that ended between two times (epoch seconds)."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group,
            startTime=math.floor(start_s * 1000),
            endTime=math.ceil(end_s * 1000),
            filterPattern='"REPORT RequestId"',
        )
        for page in pages:
            for event in page["events"]:
                record = parse_report(event["message"], event["timestamp"] / 1000, self.function)
                if record is not None:
                    yield _with_environment(record, event["logStreamName"])

    def spilled_over(self, start_s: float, end_s: float) -> int:
        """Invocations beyond provisioned concurrency in that time, to the whole minute."""
        first_s = math.floor(start_s / _PERIOD_S) * _PERIOD_S
        last_s = math.ceil(end_s / _PERIOD_S) * _PERIOD_S
        total = 0.0
        for from_s in range(first_s, last_s, _PERIOD_S * _MAX_PERIODS):
            to_s = min(from_s + _PERIOD_S * _MAX_PERIODS, last_s)
            answer = self.metrics.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="ProvisionedConcurrencySpilloverInvocations",
                Dimensions=[
                    {"Name": "FunctionName", "Value": self.function},
                    {"Name": "Resource", "Value": f"{self.function}:{self.alias}"},
                ],
                StartTime=datetime.fromtimestamp(from_s, UTC),
                EndTime=datetime.fromtimestamp(to_s, UTC),
                Period=_PERIOD_S,
                Statistics=["Sum"],
            )
            total += sum(point["Sum"] for point in answer["Datapoints"])
        return round(total)


def parse_report(line: str, end_s: float, function: str) -> ServerRecord | None:
    """The record in a REPORT line; None if the line is another's.

    The line does not say how the environment was initialised: ``Init Duration`` is there after
    provisioning too. Whether a request was cold is for its answer's header to tell.
    """
    found = _REPORT.match(line)
    if found is None:
        return None
    init = found["init"]
    return ServerRecord(
        request_id=found["id"],
        end_s=end_s,
        function=function,
        memory_mb=int(found["memory"]),
        init_ms=float(init) if init else None,
        duration_ms=float(found["duration"]),
        billed_ms=int(found["billed"]),
    )


def _with_environment(record: ServerRecord, log_stream: str) -> ServerRecord:
    # 2026/11/21/[$LATEST]0123… or 2026/11/21/name[12]0123…: the end is the environment's id.
    return replace(record, environment_id=log_stream.rpartition("]")[2])
