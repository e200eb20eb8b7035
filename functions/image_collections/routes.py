"""Collections' routes: HTTP in, HTTP out; what they say is in ``schemas``."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request

from image_collections.event import Collection, output_prefix
from image_collections.plan import Plan, read_plan
from image_collections.report import RESULTS
from image_collections.runs import RUNNING, SUCCEEDED, Batches, Runs
from image_collections.schemas import CollectionIn, CollectionOut, CollectionStarted
from serving.api import InvalidParameter
from serving.body import read_json
from serving.collection import Output
from serving.errors import Forbidden

MAX_BODY_BYTES = 8_192
SOURCE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.{0,1024}))?")
CollectionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,80}$")]

# FastAPI cannot derive this one: the route reads the body itself, for the sake of the codes.
START_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": CollectionIn.model_json_schema()}},
    }
}


class BucketNotAllowed(Forbidden):
    """The bucket is none of the template's parameter ``CollectionBuckets``."""

    code = "bucket_not_allowed"


@dataclass(frozen=True)
class Results:
    """The output bucket: ``below`` a prefix, and the ``link`` to a key that anybody may follow."""

    below: Callable[[str], Output]
    link: Callable[[str], str]


def create_router(
    runs: Runs,
    results: Results,
    buckets: Container[str],
    new_id: Callable[[], str],
    now: Callable[[], datetime],
) -> APIRouter:
    """Routes around ``runs``, for photos in ``buckets``."""
    router = APIRouter()

    # async without threads: a Lambda environment serves one request at a time
    @router.post("", status_code=HTTPStatus.ACCEPTED, openapi_extra=START_BODY)
    async def start(request: Request) -> CollectionStarted:
        """Classify every photo below a prefix."""
        wanted = await read_json(request, CollectionIn, MAX_BODY_BYTES)
        if (source := SOURCE.fullmatch(wanted.source)) is None:
            raise InvalidParameter("source: name it as s3://bucket/prefix.")
        if source[1] not in buckets:
            raise BucketNotAllowed(f"The bucket {source[1]} is none that this service reads.")
        options = wanted.model_dump(exclude={"source"})
        collection = Collection(new_id(), bucket=source[1], prefix=source[2] or "", **options)
        runs.start(collection)
        return CollectionStarted(id=collection.id, status=RUNNING)

    @router.get("/{collection_id}")
    async def status(collection_id: CollectionId) -> CollectionOut:
        """How it stands, and where its results are."""
        run = runs.describe(collection_id)
        batches = runs.batches(collection_id, run.status)
        prefix = output_prefix(collection_id)
        plan = read_plan(results.below(prefix))
        done = photos_done(plan, batches)
        seconds = ((run.stopped_at or now()) - run.started_at).total_seconds()
        names = RESULTS if run.status == SUCCEEDED else ()
        return CollectionOut(
            id=collection_id,
            status=run.status,
            photos=None if plan is None else plan.photos,
            done=done,
            failed_batches=batches.failed,
            photos_per_second=round(done / seconds, 1) if seconds > 0 else None,
            started_at=run.started_at,
            stopped_at=run.stopped_at,
            error=run.error,
            detail=run.detail,
            outputs={name: results.link(prefix + name) for name in names},
        )

    @router.post("/{collection_id}/cancel", status_code=HTTPStatus.ACCEPTED)
    async def cancel(collection_id: CollectionId) -> CollectionStarted:
        """Stop it; one that has ended stays as it is."""
        if runs.describe(collection_id).status == RUNNING:
            runs.stop(collection_id)
        return CollectionStarted(id=collection_id, status=runs.describe(collection_id).status)

    @router.post("/{collection_id}/resume", status_code=HTTPStatus.ACCEPTED)
    async def resume(collection_id: CollectionId) -> CollectionStarted:
        """Go on with one that failed or was cancelled; no photo is classified twice."""
        runs.resume(collection_id)
        return CollectionStarted(id=collection_id, status=RUNNING)

    return router


def photos_done(plan: Plan | None, batches: Batches) -> int:
    """Photos of the finished batches: nearly exact while it runs, and exact at the end."""
    if plan is None or not batches.total:
        return 0
    return round(plan.photos * batches.succeeded / batches.total)
