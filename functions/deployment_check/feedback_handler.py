"""Composition root: an answer of the check's own against a new version of feedback."""

import os

import boto3
from aws_lambda_powertools.logging import Logger

from deployment_check.answers import NONCE, try_answers
from deployment_check.aws import CALL_CONFIG, INVOKE_CONFIG, TableItem, invoke_version
from deployment_check.hook import hook_handler
from serving.receipts import ReceiptBook

version = os.environ["NEW_VERSION"]
invoke = invoke_version(boto3.client("lambda", config=INVOKE_CONFIG), version)
receipts = ReceiptBook(os.environ["RECEIPT_KEY"])
item = TableItem(boto3.client("dynamodb", config=CALL_CONFIG), os.environ["TABLE_NAME"], NONCE)
handler = hook_handler(
    comparisons=lambda: try_answers(invoke, receipts, item),
    version=version,
    codedeploy=boto3.client("codedeploy", config=CALL_CONFIG),
    log=Logger(),
)
