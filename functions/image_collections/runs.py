"""Collections as executions of the state machine; an execution's name is the collection's id."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from image_collections.event import Collection
from serving.aws import RETRY_AFTER_S
from serving.errors import Conflict, NotFound, Unavailable

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
PROGRESS_AGE_S = 1.0  # DescribeMapRun is taken once a second for an account

_MISSING = frozenset({"ExecutionDoesNotExist", "InvalidArn"})
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException"})


class CollectionMissing(NotFound):
    """There is no collection of that id, or it ended more than 90 days ago."""

    code = "collection_missing"


class CollectionExists(Conflict):
    """A collection of that id was begun before; ids of the routes' own are always new."""

    code = "collection_exists"


class NotResumable(Conflict):
    """Only a collection that failed or was cancelled, at most 14 days ago, can be resumed."""

    code = "collection_not_resumable"


class RunsUnavailable(Unavailable):
    """Step Functions is throttling."""

    code = "runs_unavailable"


@dataclass(frozen=True)
class Run:
    """One execution; ``error`` and ``detail`` say why it failed."""

    status: str
    started_at: datetime
    stopped_at: datetime | None
    error: str | None
    detail: str | None


@dataclass(frozen=True)
class Batches:
    """How many of the plan's batches are done; ``failed`` ones were given up."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0


class Runs:
    """The state machine's executions; ``client`` is boto3's of Step Functions, ``clock_s`` is
    monotonic, in seconds.
    """

    def __init__(self, client: Any, state_machine_arn: str, clock_s: Callable[[], float]) -> None:
        self._client = client
        self._arn = state_machine_arn
        self._clock_s = clock_s
        self._progress: dict[str, tuple[str, float, Batches]] = {}

    def start(self, collection: Collection) -> None:
        """Begin; the same collection again, while it runs, changes nothing.

        Raises:
            CollectionExists: there was one of this id, and it ended.
        """
        try:
            self._client.start_execution(
                stateMachineArn=self._arn,
                name=collection.id,
                input=json.dumps(collection.event(), sort_keys=True),
            )
        except ClientError as exc:
            if _code(exc) == "ExecutionAlreadyExists":
                raise CollectionExists(f"There is a collection {collection.id} already.") from exc
            raise _translated(exc, collection.id) from exc

    def describe(self, collection_id: str) -> Run:
        """How it stands.

        Raises:
            CollectionMissing, RunsUnavailable
        """
        try:
            answer = self._client.describe_execution(executionArn=self._execution(collection_id))
        except ClientError as exc:
            raise _translated(exc, collection_id) from exc
        return Run(
            answer["status"],
            answer["startDate"],
            answer.get("stopDate"),
            answer.get("error"),
            _message(answer.get("cause")),
        )

    def batches(self, collection_id: str, status: str) -> Batches:
        """How far the map is of a run of that status; asked for at most once in ``PROGRESS_AGE_S``
        while that stays, and where Step Functions throttles it, what was last known is told.
        """
        before, asked_s, known = self._progress.get(collection_id, ("", 0.0, Batches()))
        now_s = self._clock_s()
        if status == before and now_s - asked_s < PROGRESS_AGE_S:
            return known
        try:
            known = self._counts(collection_id)
        except ClientError as exc:
            if _code(exc) not in _THROTTLED:
                raise _translated(exc, collection_id) from exc
        self._progress = {collection_id: (status, now_s, known)}  # an environment follows few
        return known

    def stop(self, collection_id: str) -> None:
        """Stop it; photos already classified stay so."""
        try:
            self._client.stop_execution(executionArn=self._execution(collection_id))
        except ClientError as exc:
            raise _translated(exc, collection_id) from exc

    def resume(self, collection_id: str) -> None:
        """Go on with what is left.

        Raises:
            NotResumable, CollectionMissing, RunsUnavailable
        """
        try:
            self._client.redrive_execution(executionArn=self._execution(collection_id))
        except ClientError as exc:
            if _code(exc) == "ExecutionNotRedrivable":
                raise NotResumable("This collection cannot be resumed.") from exc
            raise _translated(exc, collection_id) from exc

    def _counts(self, collection_id: str) -> Batches:
        runs = self._client.list_map_runs(executionArn=self._execution(collection_id))["mapRuns"]
        if not runs:
            return Batches()
        counts = self._client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
        failed = counts["failed"] + counts["timedOut"] + counts["aborted"]
        return Batches(counts["total"], counts["succeeded"], failed)

    def _execution(self, collection_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{collection_id}"


def _message(cause: str | None) -> str | None:
    """A function's error comes as JSON, Step Functions' own as text."""
    if cause is None:
        return None
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _translated(error: ClientError, collection_id: str) -> Exception:
    if _code(error) in _MISSING:
        return CollectionMissing(f"There is no collection {collection_id}.")
    if _code(error) in _THROTTLED:
        return RunsUnavailable("Too many ask at once.", RETRY_AFTER_S)
    return error


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
