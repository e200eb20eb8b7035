"""Composition root: the only module that reads the environment and builds real things."""

import os
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools.logging import Logger

from deployment_check.aws import INVOKE_CONFIG, REPORT_CONFIG, REPORT_S, invoke_version, report_to
from deployment_check.check import check_deployment
from deployment_check.golden import read_golden
from deployment_check.replay import replay

golden_dir = Path(os.environ["GOLDEN_DIR"])
new_version = os.environ["NEW_VERSION"]
lambda_client = boto3.client("lambda", config=INVOKE_CONFIG)
codedeploy_client = boto3.client("codedeploy", config=REPORT_CONFIG)
logger = Logger()


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    """CodeDeploy's pre-traffic hook: its two ids in, the verdict out."""
    status = check_deployment(
        checked=lambda: replay(read_golden(golden_dir), invoke_version(lambda_client, new_version)),
        report=report_to(codedeploy_client, event),
        limit_s=context.get_remaining_time_in_millis() / 1000 - REPORT_S,
        log=logger,
    )
    return {"status": status}
