"""Collections over HTTP: begun, followed, cancelled and resumed, with Step Functions scripted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from fastapi.testclient import TestClient

from image_collections.plan import write_plan
from image_collections.routes import Results, create_router
from image_collections.runs import Runs
from serving.api import create_app
from serving.collection import Photo
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import RecordingTelemetry
from tests.collection_fakes import MemoryOutput

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:collections"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:collections:c-1"
MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:collections/Classify:1"
NOON, LATER = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)
STARTED = {"stateMachineArn": MACHINE, "executionArn": EXECUTION, "startDate": NOON}
COUNTS = dict.fromkeys(("pending", "running", "aborted", "timedOut", "resultsWritten"), 0) | {
    "total": 4,
    "succeeded": 3,
    "failed": 1,
}


def execution(status: str, **more: Any) -> dict[str, Any]:
    return STARTED | {"status": status, **more}


@pytest.fixture
def states() -> Stubber:
    client = boto3.client(
        "stepfunctions", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    return Stubber(client)


@pytest.fixture
def api(states: Stubber) -> TestClient:
    output, seconds = MemoryOutput(), iter([0.0, 0.5, 1.5, 3.0])
    write_plan([Photo(f"{i}.jpg", 1) for i in range(400)], output)
    router = create_router(
        Runs(states.client, MACHINE, lambda: next(seconds)),
        Results(lambda _prefix: output, lambda key: f"https://signed/{key}"),
        {"ours"},
        new_id=lambda: "c-1",
        now=lambda: LATER,
    )
    environment = ServingEnvironment("e", "on-demand")
    app = create_app("Test", "/v1/collections", router, environment, RecordingTelemetry())
    states.activate()
    return TestClient(app)


def script_progress(states: Stubber) -> None:
    run = {"executionArn": EXECUTION, "mapRunArn": MAP_RUN, "stateMachineArn": MACHINE}
    states.add_response("list_map_runs", {"mapRuns": [run | {"startDate": NOON}]})
    described = {
        "mapRunArn": MAP_RUN,
        "executionArn": EXECUTION,
        "status": "RUNNING",
        "startDate": NOON,
        "maxConcurrency": 1,
        "toleratedFailurePercentage": 1.0,
        "toleratedFailureCount": 0,
        "itemCounts": COUNTS,
        "executionCounts": COUNTS,
    }
    states.add_response("describe_map_run", described, {"mapRunArn": MAP_RUN})


def test_a_collection_is_begun(api: TestClient, states: Stubber):
    begun = {"id": "c-1", "bucket": "ours", "prefix": "a/b", "output_prefix": "collections/c-1/"}
    chosen = {"top_k": 3, "max_concurrency": 100, "min_score": None}
    expected = {
        "stateMachineArn": MACHINE,
        "name": "c-1",
        "input": json.dumps(begun | chosen, sort_keys=True),
    }
    states.add_response("start_execution", {"executionArn": EXECUTION, "startDate": NOON}, expected)

    answer = api.post("/v1/collections", json={"source": "s3://ours/a/b", "top_k": 3})

    assert answer.status_code == 202
    assert answer.json() == {"id": "c-1", "status": "RUNNING"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"source": "s3://theirs/a"}, 403, "bucket_not_allowed"),
        ({"source": "https://ours/a"}, 422, "invalid_parameter"),
        ({"source": "s3://ours/a", "top_k": 0}, 422, "invalid_parameter"),
        ({"source": "s3://ours/a", "max_concurrency": 10_001}, 422, "invalid_parameter"),
        ({}, 400, "missing_field"),
    ],
)
def test_what_cannot_be_begun_is_refused(api: TestClient, body: dict, status: int, code: str):
    answer = api.post("/v1/collections", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_how_it_stands_is_asked_of_step_functions_once_a_second(api: TestClient, states: Stubber):
    described = ("describe_execution", execution("RUNNING"), {"executionArn": EXECUTION})
    states.add_response(*described)
    script_progress(states)
    states.add_response(*described)

    first, second = (api.get("/v1/collections/c-1").json() for _ in range(2))

    states.assert_no_pending_responses()
    assert (first["photos"], first["done"], first["failed_batches"]) == (400, 300, 1)
    assert (first["photos_per_second"], first["outputs"]) == (30.0, {})
    assert second["done"] == 300


def test_how_it_ended_is_asked_at_once(api: TestClient, states: Stubber):
    states.add_response("describe_execution", execution("RUNNING"))
    states.add_response("list_map_runs", {"mapRuns": []})
    states.add_response("describe_execution", execution("SUCCEEDED", stopDate=LATER))
    script_progress(states)

    answers = [api.get("/v1/collections/c-1").json() for _ in range(2)]

    assert [answer["done"] for answer in answers] == [0, 300]


def test_where_progress_is_throttled_the_last_known_is_told(api: TestClient, states: Stubber):
    described = ("describe_execution", execution("RUNNING"))
    states.add_response(*described)
    script_progress(states)
    for _ in range(2):
        states.add_response(*described)
    states.add_client_error("list_map_runs", "ThrottlingException")

    answers = [api.get("/v1/collections/c-1").json() for _ in range(3)]

    assert [answer["done"] for answer in answers] == [300, 300, 300]


def test_a_finished_one_links_its_results(api: TestClient, states: Stubber):
    states.add_response("describe_execution", execution("SUCCEEDED", stopDate=LATER))
    script_progress(states)

    outputs = api.get("/v1/collections/c-1").json()["outputs"]

    assert outputs["report.html"] == "https://signed/collections/c-1/report.html"


def test_why_it_failed_is_told_as_the_function_put_it(api: TestClient, states: Stubber):
    cause = '{"errorMessage": "The bucket ours does not exist.", "errorType": "SourceUnavailable"}'
    failed = execution("FAILED", error="SourceUnavailable", cause=cause, stopDate=LATER)
    states.add_response("describe_execution", failed)
    states.add_response("list_map_runs", {"mapRuns": []})

    answer = api.get("/v1/collections/c-1").json()

    assert (answer["detail"], answer["done"]) == ("The bucket ours does not exist.", 0)


@pytest.mark.parametrize("stops", [True, False])
def test_only_what_runs_is_cancelled(api: TestClient, states: Stubber, *, stops: bool):
    states.add_response("describe_execution", execution("RUNNING" if stops else "SUCCEEDED"))
    if stops:
        states.add_response("stop_execution", {"stopDate": LATER}, {"executionArn": EXECUTION})
    ended = "ABORTED" if stops else "SUCCEEDED"
    states.add_response("describe_execution", execution(ended))

    answer = api.post("/v1/collections/c-1/cancel")

    assert (answer.status_code, answer.json()["status"]) == (202, ended)
    states.assert_no_pending_responses()


def ask(api: TestClient) -> Any:
    return api.get("/v1/collections/c-1")


def resume(api: TestClient) -> Any:
    return api.post("/v1/collections/c-1/resume")


@pytest.mark.parametrize(
    ("request_", "operation", "error", "status", "code"),
    [
        (ask, "describe_execution", "ExecutionDoesNotExist", 404, "collection_missing"),
        (ask, "describe_execution", "ThrottlingException", 503, "runs_unavailable"),
        (resume, "redrive_execution", "ExecutionNotRedrivable", 409, "collection_not_resumable"),
        (resume, "redrive_execution", "ExecutionDoesNotExist", 404, "collection_missing"),
    ],
)
def test_step_functions_refusals_have_codes(
    api: TestClient,
    states: Stubber,
    request_: Callable[[TestClient], Any],
    operation: str,
    error: str,
    status: int,
    code: str,
):
    states.add_client_error(operation, error)

    answer = request_(api)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_failed_one_is_resumed(api: TestClient, states: Stubber):
    states.add_response("redrive_execution", {"redriveDate": LATER}, {"executionArn": EXECUTION})

    assert resume(api).status_code == 202
