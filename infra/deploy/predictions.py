"""What a deployed function logged of its predictions, in CloudWatch Logs."""

from typing import TYPE_CHECKING

import boto3

from infra.deploy.aws import translated
from infra.deploy.stack import StackName, read_log_group

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_FIRST_LOOK_S = 60.0
_FARTHEST_S = 32 * 86_400.0
_FURTHER = 4  # times as far back with each look, as lines are read from the oldest on


def deployed_lines(
    stack: StackName, log_group: str | None, model_version: str, least: int, now_s: float
) -> list[str]:
    """``newest_lines`` of ``log_group``, or else of the stack's classifier.

    Raises:
        StackMissing: there is no such stack.
        DeployFailed: AWS cannot be asked, or refuses.
    """
    with translated():
        session = boto3.Session(region_name=stack.region, profile_name=stack.profile)
        if log_group is None:
            log_group = read_log_group(session.client("cloudformation"), stack.name)
        return newest_lines(session.client("logs"), log_group, model_version, least, now_s)


def newest_lines(
    logs: "CloudWatchLogsClient", log_group: str, model_version: str, least: int, now_s: float
) -> list[str]:
    """Lines with ``model_version`` in them, the oldest first: ``least`` of the newest or more, if
    there are as many in a month before ``now_s`` (epoch seconds)."""
    lines: list[str] = []
    end_s, age_s = now_s, _FIRST_LOOK_S
    while len(lines) < least and end_s > now_s - _FARTHEST_S:
        start_s = now_s - min(age_s, _FARTHEST_S)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group,
            startTime=round(start_s * 1000),
            endTime=round(end_s * 1000) - 1,
            filterPattern=f'"{model_version}"',
        )
        lines = [event["message"] for page in pages for event in page["events"]] + lines
        end_s, age_s = start_s, age_s * _FURTHER
    return lines
