"""A running ``make run``: its environments classify, in place of the command's own processes."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from image_classifier.shards import Shard
from infra.commands.collection.workers import BatchFailed, Classify, Work
from infra.commands.folder_worker import FUNCTION
from infra.local.account import REGION
from serving.collection import Batch

# A make run that was killed is noticed within 3 s: boto3's own five attempts take up to 15.
_CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=300,
    max_pool_connections=100,
    retries={"mode": "standard", "total_max_attempts": 3},
)


def classify_in_service(url: str, work: Work, model: str) -> Classify | None:
    """Batch → shard by the ``make run`` at ``url``; None where it has ended, or serves another
    model than ``model``."""
    try:
        client = boto3.client(
            *("lambda", REGION),
            endpoint_url=url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - nothing is checked there
            config=_CLIENT_CONFIG,
        )
        served = _invoke(client, {"model": None})["model"]
    except (ValueError, BatchFailed):
        return None  # the address is of one that was killed
    if served != model:
        return None

    def classify(batch: Batch) -> Shard | None:
        answer = _invoke(client, _event(batch, work, model))
        if answer["model"] != model:
            raise BatchFailed("make run serves another model now")
        return answer["shard"] and Shard(**answer["shard"])

    return classify


def _event(batch: Batch, work: Work, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "item": json.loads(batch.to_line()),
        "photos": str(work.photos),
        "output": str(work.output),
        "top_k": work.top_k,
    }


def _invoke(client: Any, event: dict[str, Any]) -> dict[str, Any]:
    try:
        response = client.invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
        answer: dict[str, Any] = json.load(response["Payload"])
    except (BotoCoreError, ClientError) as exc:
        raise BatchFailed(f"make run does not answer any more: {exc}") from exc
    if "FunctionError" in response:
        raise BatchFailed(f"A batch failed in make run: {answer.get('errorMessage')}")
    return answer
