"""The contract of uploads and predictions, in-process; table and bucket are moto's."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from prediction_store.record import UPLOAD_GRACE, UPLOAD_LIFETIME, Outcome, Status
from predictions.routes import create_router
from serving.api import create_app
from serving.aws import StoreUnavailable
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import RecordingTelemetry
from tests.prediction_fakes import NOON, RETENTION, Account, Clock, an_id

PHOTO = b"a photo"
JPEG = {"content-type": "image/jpeg"}
ADDRESS = f"/v1/predictions/{an_id()}"
UPLOAD = {"content_type": "image/jpeg", "bytes": 18_400_321}
ANSWER = {
    "prediction_id": "receipt",
    "model": {"name": "resnet50", "version": "0123456789ab"},
    "predictions": [{"label": "tabby", "wnid": None, "score": 0.000001}],
}
SURE = ANSWER | {"sure": True}
PROBLEM = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "The image is cut off or damaged.",
    "code": "image_damaged",
    "request_id": "r-1",
}


def assert_problem(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


def test_an_upload_is_a_form_and_a_prediction_that_awaits_it(api: TestClient):
    response = api.post("/v1/uploads", json=UPLOAD)

    assert response.status_code == 201
    body = response.json()
    policy = json.loads(base64.b64decode(body["upload"]["fields"].pop("policy")))
    assert body["prediction"] == {"id": an_id(), "url": ADDRESS}
    assert (body["upload"]["method"], body["upload"]["expires_at"]) == (
        "POST",
        "2026-11-21T12:10:00Z",
    )
    assert body["upload"]["fields"]["key"] == f"uploads/{an_id()}"
    assert ["content-length-range", UPLOAD["bytes"], UPLOAD["bytes"]] in policy["conditions"]
    assert api.get(ADDRESS).json() == {
        "id": an_id(),
        "status": "awaiting_upload",
        "created_at": "2026-11-21T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"bytes": 50_000_001}, 413, "image_too_large"),
        ({"bytes": 0}, 422, "invalid_parameter"),
        ({"bytes": "5"}, 422, "invalid_parameter"),
        ({"content_type": "image/svg+xml"}, 422, "invalid_parameter"),
        ({"content_type": "image/jpeg\r\nx: y"}, 422, "invalid_parameter"),
        ({"top_k": 0}, 422, "invalid_parameter"),
        ({"top_k": 1001}, 422, "invalid_parameter"),
        ({"top_k": True}, 422, "invalid_parameter"),
        ({"content_type": "x" * 5000}, 413, "body_too_large"),
    ],
)
def test_refuses_a_bad_upload_and_stores_nothing(
    api: TestClient, account: Account, changes: dict, status: int, code: str
):
    assert_problem(api.post("/v1/uploads", json=UPLOAD | changes), status, code)
    assert not account.items()


def test_an_upload_that_never_comes_expires(api: TestClient, clock: Clock):
    api.post("/v1/uploads", json=UPLOAD)

    clock.time += UPLOAD_LIFETIME + UPLOAD_GRACE
    assert api.get(ADDRESS).json()["status"] == "awaiting_upload"
    clock.advance(seconds=1)
    response = api.get(ADDRESS)
    assert response.json()["status"] == "expired"
    assert "retry-after" not in response.headers


@pytest.mark.parametrize(
    "body",
    [
        {"content": PHOTO, "headers": JPEG},
        {"files": {"file": ("cat.jpg", PHOTO)}},
        {"json": {"image": base64.b64encode(PHOTO).decode()}},
    ],
    ids=["raw", "form", "JSON"],
)
def test_a_photo_is_queued_in_whichever_form_it_comes(
    api: TestClient, account: Account, body: dict
):
    response = api.post("/v1/predictions?top_k=3", **body)

    assert response.status_code == 202
    assert (response.headers["location"], response.headers["retry-after"]) == (ADDRESS, "1")
    assert response.json() == api.get(ADDRESS).json()
    assert response.json()["status"] == "queued"
    assert account.photos.get(an_id(), 100) == PHOTO
    assert account.table.get(an_id(), NOON).top_k == 3


@pytest.mark.parametrize(
    ("query", "headers", "content", "status", "code"),
    [
        ("?top_k=0", JPEG, PHOTO, 422, "invalid_parameter"),
        ("?top_k=1001", JPEG, PHOTO, 422, "invalid_parameter"),
        ("", JPEG | {"idempotency-key": "x" * 201}, PHOTO, 422, "invalid_parameter"),
        ("", JPEG | {"idempotency-key": ""}, PHOTO, 422, "invalid_parameter"),
        ("", JPEG, b"", 400, "empty_body"),
        ("", JPEG, bytes(4_500_001), 413, "image_too_large"),
        ("", {"content-type": "text/plain"}, PHOTO, 415, "unsupported_content_type"),
    ],
)
def test_refuses_a_bad_request_and_stores_nothing(
    api: TestClient,
    account: Account,
    query: str,
    headers: dict,
    content: bytes,
    status: int,
    code: str,
):
    response = api.post(f"/v1/predictions{query}", content=content, headers=headers)

    assert_problem(response, status, code)
    assert not account.items()
    assert not account.keys()


def post(api: TestClient, photo: bytes = PHOTO, query: str = "", key: str = "a key") -> Any:
    headers = JPEG | {"idempotency-key": key}
    return api.post(f"/v1/predictions{query}", content=photo, headers=headers)


def test_the_same_key_and_photo_are_one_prediction(api: TestClient, account: Account):
    responses = [post(api), post(api)]

    assert [response.status_code for response in responses] == [202, 202]
    assert {response.json()["id"] for response in responses} == {an_id()}
    assert account.keys() == [f"uploads/{an_id()}"]


@pytest.mark.parametrize(("photo", "query"), [(b"another", ""), (PHOTO, "?top_k=2")])
def test_another_photo_or_top_k_under_a_key_is_a_conflict(
    api: TestClient, photo: bytes, query: str
):
    post(api)

    assert_problem(post(api, photo, query), 422, "idempotency_conflict")


def test_other_keys_are_other_predictions(api: TestClient):
    assert post(api).json()["id"] != post(api, key="another key").json()["id"]


def test_a_photo_that_is_answered_is_not_queued_again(api: TestClient, account: Account):
    post(api)
    account.table.finish(an_id(), Outcome(Status.SUCCEEDED, json.dumps(ANSWER)), NOON)
    account.photos.delete([an_id()])

    assert post(api).json()["status"] == "succeeded"
    assert not account.keys()


class Unreachable:
    """Photos, or predictions, that cannot be stored now; the rest is as it was."""

    def __init__(self, store: object, method: str) -> None:
        self._store = store
        self._method = method

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == self._method:
            raise StoreUnavailable("not now", retry_after_s=2)
        return getattr(self._store, name)


def failing_api(store: object, photos: object) -> TestClient:
    router = create_router(store, photos, lambda: an_id(9), Clock())  # type: ignore[arg-type]
    environment = ServingEnvironment("e", "on-demand")
    return TestClient(create_app("Test", "/v1", router, environment, RecordingTelemetry()))


def test_a_photo_that_cannot_be_stored_leaves_nothing(account: Account):
    response = failing_api(account.table, Unreachable(account.photos, "put")).post(
        "/v1/predictions", content=PHOTO, headers=JPEG
    )

    assert_problem(response, 503, "store_unavailable")
    assert response.headers["retry-after"] == "2"
    assert not account.items()


@pytest.mark.parametrize("interrupted", ["create", "put"])
def test_an_interrupted_request_is_mended_by_sending_it_again(
    api: TestClient, account: Account, interrupted: str
):
    table = Unreachable(account.table, interrupted)
    photos = Unreachable(account.photos, interrupted)
    assert_problem(post(failing_api(table, photos)), 503, "store_unavailable")

    assert post(api).json()["id"] == an_id(9)
    assert api.get(f"/v1/predictions/{an_id(9)}").json()["status"] == "queued"
    assert account.keys() == [f"uploads/{an_id(9)}"]


def test_a_request_that_fails_takes_nothing_from_an_earlier_one(api: TestClient, account: Account):
    post(api)

    assert_problem(
        post(failing_api(account.table, Unreachable(account.photos, "put"))),
        503,
        "store_unavailable",
    )

    assert api.get(ADDRESS).json()["status"] == "queued"


@pytest.mark.parametrize(
    ("outcome", "member", "expected"),
    [
        (Outcome(Status.SUCCEEDED, answer=json.dumps(ANSWER)), "prediction", ANSWER),
        (Outcome(Status.SUCCEEDED, answer=json.dumps(SURE)), "prediction", SURE),
        (Outcome(Status.FAILED, problem=json.dumps(PROBLEM)), "error", PROBLEM),
    ],
)
def test_gives_out_the_answer_or_the_problem_as_it_is(
    api: TestClient, account: Account, outcome: Outcome, member: str, expected: dict
):
    post(api)
    account.table.finish(an_id(), outcome, NOON + timedelta(seconds=1))

    response = api.get(ADDRESS)

    assert response.json() == {
        "id": an_id(),
        "status": outcome.status,
        "created_at": "2026-11-21T12:00:00Z",
        "finished_at": "2026-11-21T12:00:01Z",
        member: expected,
    }
    assert "retry-after" not in response.headers
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "unknown", [an_id(7), "x", "idempotency%23" + "ab" * 32, "A" * 32, an_id() + "%0A"]
)
def test_knows_only_ids_of_its_own(api: TestClient, unknown: str):
    post(api)

    assert_problem(api.get(f"/v1/predictions/{unknown}"), 404, "prediction_not_found")


def test_a_prediction_is_gone_after_its_retention(api: TestClient, clock: Clock):
    post(api)
    clock.time += RETENTION

    assert_problem(api.get(ADDRESS), 404, "prediction_not_found")


def test_the_documentation_stands_beside_the_routes(api: TestClient):
    paths = api.get("/v1/predictions/openapi.json").json()["paths"]

    assert set(paths) == {"/v1/uploads", "/v1/predictions", "/v1/predictions/{prediction_id}"}
