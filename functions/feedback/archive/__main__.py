"""``python -m feedback.archive``: everything in the feedback table as CSV or JSON Lines.

Streams: memory does not grow with the table. A file appears whole or not at all.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from feedback.archive.rows import csv_lines, jsonl_lines
from feedback.dynamodb import DynamoStore
from feedback.record import Feedback
from serving.aws import CLIENT_CONFIG
from serving.errors import ServiceError

FORMATS = {"csv": csv_lines, "jsonl": jsonl_lines}


def main(arguments: Sequence[str]) -> int:
    """Export; the exit status is 1 if the table could not be read or the file not be written."""
    options = _parser().parse_args(arguments)
    try:
        client = boto3.client("dynamodb", endpoint_url=options.endpoint, config=CLIENT_CONFIG)
        # An estimate: DynamoDB counts its items every six hours.
        estimate = client.describe_table(TableName=options.table)["Table"]["ItemCount"]
        answers = DynamoStore(client, options.table, retention=timedelta()).answers()
        with _whole_file(options.output) as file:
            count = _write(FORMATS[options.format](_with_progress(answers, estimate)), file)
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (BotoCoreError, ClientError, ServiceError, OSError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    lines_of_header = 1 if options.format == "csv" else 0
    print(f"{count - lines_of_header} answers written to {options.output}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m feedback.archive", description=__doc__)
    parser.add_argument("--table", required=True, help="the stack's output FeedbackTableName")
    parser.add_argument("--format", choices=sorted(FORMATS), default="csv")
    parser.add_argument("--output", required=True, metavar="FILE", help="- is standard output")
    parser.add_argument("--endpoint", help="address of a DynamoDB other than AWS's own")
    return parser


def _with_progress(answers: Iterable[Feedback], estimate: int) -> "tqdm[Feedback]":
    return tqdm(answers, total=estimate or None, unit=" answers")


def _write(lines: Iterable[str], file: IO[str]) -> int:
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count


@contextmanager
def _whole_file(output: str) -> Iterator[IO[str]]:
    """Standard output for ``-``; else a file that takes its name only when it is complete."""
    if output == "-":
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        yield sys.stdout
        sys.stdout.flush()
        return
    path = Path(output)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
