"""A collection in AWS: the deployed state machine, begun and followed from here."""

import json
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from image_collections.event import Collection, output_prefix
from image_collections.plan import read_plan
from image_collections.report import RESULTS
from image_collections.routes import SOURCE, photos_done
from image_collections.runs import RUNNING, SUCCEEDED, CollectionExists, Runs
from serving.collection import SourceUnavailable
from serving.errors import ServiceError
from serving.s3 import S3Output

CONFIG = Path("samconfig.toml")
POLL_S = 2.0
STATE_MACHINE_OUTPUT, BUCKET_OUTPUT = "CollectionStateMachineArn", "CollectionOutputBucket"


class CollectionFailed(ServiceError):
    """The run ended without results, or there is nothing deployed to run it."""

    code = "collection_failed"


@dataclass(frozen=True)
class Stack:
    """What is deployed, and the session's clients for it."""

    runs: Runs
    bucket: str
    s3: Any


def deployed(environment: str, session: boto3.Session, config: Path) -> Stack:
    """The stack of that environment in ``samconfig.toml``.

    Raises:
        CollectionFailed: there is no such environment, or its stack lacks collections.
    """
    environments = tomllib.loads(config.read_text())
    if not isinstance(environments.get(environment), dict):
        raise CollectionFailed(f"{config} has no environment {environment}.")
    name = environments[environment]["global"]["parameters"]["stack_name"]
    stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", ())}
    if not {STATE_MACHINE_OUTPUT, BUCKET_OUTPUT} <= outputs.keys():
        raise CollectionFailed(f"The stack {name} has no collections: deploy it anew.")
    runs = Runs(session.client("stepfunctions"), outputs[STATE_MACHINE_OUTPUT], time.monotonic)
    return Stack(runs, outputs[BUCKET_OUTPUT], session.client("s3"))


def classify_in_stack(
    environment: str, photos: str, output: str, options: dict[str, Any]
) -> dict[str, Any]:
    """``classify_in_aws`` by the stack of that environment in ``samconfig.toml``.

    Raises:
        SourceUnavailable, CollectionFailed: the latter for what AWS refuses, too.
    """
    try:
        stack = deployed(environment, boto3.Session(), CONFIG)
        return classify_in_aws(stack, photos, output, options, time.sleep)
    except (BotoCoreError, ClientError, Boto3Error) as exc:
        raise CollectionFailed(f"AWS: {exc}") from exc


def classify_in_aws(
    stack: Stack, photos: str, output: str, options: dict[str, Any], sleep: Callable[[float], None]
) -> dict[str, Any]:
    """Run it, or go on with it: the same arguments are the same run. The summary.

    Ctrl-C stops it in AWS too.

    Raises:
        SourceUnavailable: ``photos`` is no s3:// address.
        CollectionFailed: with Step Functions' own reason.
    """
    if (source := SOURCE.fullmatch(photos)) is None:
        raise SourceUnavailable(f"{photos} is no address such as s3://bucket/prefix.")
    digest = sha256(json.dumps([photos, output, options], sort_keys=True).encode()).hexdigest()
    collection = Collection(digest[:24], bucket=source[1], prefix=source[2] or "", **options)
    try:
        stack.runs.start(collection)
    except CollectionExists:
        if stack.runs.describe(collection.id).status not in {RUNNING, SUCCEEDED}:
            stack.runs.resume(collection.id)
    try:
        _follow(stack, collection.id, sleep)
    except KeyboardInterrupt:
        stack.runs.stop(collection.id)
        raise
    _fetch(stack, output_prefix(collection.id), output)
    summary = S3Output(stack.s3, stack.bucket, output_prefix(collection.id)).read("summary.json")
    result: dict[str, Any] = json.loads(summary or b"{}")
    return result


def _follow(stack: Stack, collection_id: str, sleep: Callable[[float], None]) -> None:
    """Show how far it is until it ends."""
    files = S3Output(stack.s3, stack.bucket, output_prefix(collection_id))
    with tqdm(unit=" photos") as progress:
        while (run := stack.runs.describe(collection_id)).status == RUNNING:
            if (plan := read_plan(files)) is not None:
                batches = stack.runs.batches(collection_id, run.status)
                progress.total = plan.photos
                progress.set_postfix(failed_batches=batches.failed, refresh=False)
                progress.update(photos_done(plan, batches) - progress.n)
            sleep(POLL_S)
    if run.status != SUCCEEDED:
        raise CollectionFailed(f"It ended as {run.status}: {run.detail or run.error}")


def _fetch(stack: Stack, prefix: str, output: str) -> None:
    """The results to where they were asked for: a folder here, or a prefix in S3."""
    target = SOURCE.fullmatch(output)
    for name in RESULTS:
        if target is None:
            Path(output).mkdir(parents=True, exist_ok=True)
            stack.s3.download_file(stack.bucket, prefix + name, str(Path(output) / name))
        else:
            key = f"{(target[2] or '').rstrip('/')}/{name}".lstrip("/")
            stack.s3.copy({"Bucket": stack.bucket, "Key": prefix + name}, target[1], key)
