"""Composition root: the golden photos against a new version of the classifier."""

import os
from pathlib import Path

import boto3
from aws_lambda_powertools.logging import Logger

from deployment_check.aws import CALL_CONFIG, INVOKE_CONFIG, invoke_version
from deployment_check.golden import read_golden
from deployment_check.hook import hook_handler
from deployment_check.replay import replay

golden_dir = Path(os.environ["GOLDEN_DIR"])
version = os.environ["NEW_VERSION"]
invoke = invoke_version(boto3.client("lambda", config=INVOKE_CONFIG), version)
handler = hook_handler(
    comparisons=lambda: replay(read_golden(golden_dir), invoke),
    version=version,
    codedeploy=boto3.client("codedeploy", config=CALL_CONFIG),
    log=Logger(),
)
