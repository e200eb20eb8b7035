"""``python -m feedback.archive.restore``: answers of one table into another, such as those of a
restored backup into the table in use.

Of two answers to one prediction the later stands, so copying twice changes nothing, and an answer
given meanwhile is never overwritten.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from feedback.dynamodb import DynamoStore
from feedback.store import FeedbackStore
from serving.aws import CLIENT_CONFIG
from serving.errors import ServiceError


def copy_answers(source: DynamoStore, target: FeedbackStore) -> tuple[int, int]:
    """How many answers ``source`` has, and to how many of their predictions ``target`` had none."""
    read = new = 0
    for answer in tqdm(source.answers(), unit=" answers"):
        read += 1
        new += target.put(answer)
    return read, new


def main(arguments: Sequence[str]) -> int:
    """Copy; the exit status is 1 if either table could not be used."""
    parser = argparse.ArgumentParser(prog="python -m feedback.archive.restore", description=__doc__)
    parser.add_argument("--from", dest="source", required=True, metavar="TABLE")
    parser.add_argument("--to", dest="target", required=True, metavar="TABLE")
    parser.add_argument(
        "--retention-days", type=int, required=True, help="the stack's output FeedbackRetentionDays"
    )
    options = parser.parse_args(arguments)
    try:
        client = boto3.client("dynamodb", config=CLIENT_CONFIG)
        retention = timedelta(days=options.retention_days)
        read, new = copy_answers(
            DynamoStore(client, options.source, retention),
            DynamoStore(client, options.target, retention),
        )
    except (BotoCoreError, ClientError, ServiceError) as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 - a command line prints
        return 1
    print(f"{read} answers read, {new} of them new in {options.target}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
