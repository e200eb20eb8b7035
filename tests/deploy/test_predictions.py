"""The newest lines of a log, which CloudWatch gives from the oldest on; moto is CloudWatch."""

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from infra.deploy.predictions import newest_lines

GROUP = {"logGroupName": "classifier"}
STREAM = "2026/11/21/[7]0123456789abcdef0123456789abcdef"
HOUR_S = 3600


@pytest.mark.parametrize(
    ("least", "expected"),
    [(1, ["an hour"]), (2, ["a day", "an hour"]), (9, ["a week", "a day", "an hour"])],
)
def test_looks_as_far_back_as_there_are_too_few(
    monkeypatch: pytest.MonkeyPatch, least: int, expected: list[str]
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    now_s = datetime.now(UTC).timestamp()
    ages_h = {"a week": 168, "a day": 24, "an hour": 0.9}
    with mock_aws():
        logs = boto3.client("logs", region_name="us-east-1")
        logs.create_log_group(**GROUP)
        logs.create_log_stream(**GROUP, logStreamName=STREAM)
        for text, age_h in ages_h.items():
            at_ms = round((now_s - age_h * HOUR_S) * 1000)
            events = [
                {"timestamp": at_ms, "message": f'{{"{word}": "{text}"}}'} for word in ("v1", "v2")
            ]
            logs.put_log_events(**GROUP, logStreamName=STREAM, logEvents=events)

        lines = newest_lines(logs, "classifier", "v1", least, now_s)

    assert lines == [f'{{"v1": "{text}"}}' for text in expected]
