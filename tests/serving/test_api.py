"""What holds for every request: ids, records, problems, and the small routes."""

import asyncio
import base64
import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message

from image_classifier.artifact import Artifact
from serving.telemetry import ServingEnvironment, environment_id
from tests.classifier_fakes import CLASSES, RecordingTelemetry
from tests.conftest import ROOT


def test_only_the_first_request_of_an_environment_is_a_cold_start(api: TestClient):
    answers = [api.get("/v1/health") for _ in range(3)]

    assert [answer.headers["x-cold-start"] for answer in answers] == ["true", "false", "false"]
    assert {answer.headers["x-environment-id"] for answer in answers} == {"env-1"}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


def test_an_environment_initialised_ahead_has_no_cold_start(build_app: Callable[..., ASGIApp]):
    api = TestClient(build_app(initialization_type="provisioned-concurrency"))

    assert api.get("/v1/health").headers["x-cold-start"] == "false"


@pytest.mark.parametrize("path", ["health", "labels", "models", "openapi.json", "docs"])
def test_no_request_starts_a_thread(
    build_app: Callable[..., ASGIApp], monkeypatch: pytest.MonkeyPatch, path: str
):
    """Which takes as long as all the rest, for FastAPI ends it with the request."""
    scope = {"type": "http", "method": "GET", "path": f"/v1/{path}", "headers": []}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app = build_app()
    monkeypatch.setattr(threading.Thread, "start", None)
    asyncio.run(app(scope | {"query_string": b""}, None, send))

    assert sent[0]["status"] == 200


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("2026/11/21/[$LATEST]0a1b", "0a1b"),
        ("2026/11/21/app[3]ff", "ff"),
        ("", "fresh"),
        ("$LATEST", "fresh"),
    ],
)
def test_an_environment_is_named_by_its_log_stream(stream: str, expected: str):
    assert environment_id(stream, new_id=lambda: "fresh") == expected


def test_counts_only_the_first_request_as_cold():
    environment = ServingEnvironment("e", "on-demand")

    assert [environment.begin_request() for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/health/", 404, "not_found"),
        ("GET", "/v1/predict", 405, "method_not_allowed"),
        ("DELETE", "/v1/labels", 405, "method_not_allowed"),
    ],
)
def test_wrong_addresses_are_problems(
    api: TestClient, method: str, path: str, status: int, code: str
):
    answer = api.request(method, path)

    body = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert ("allow" in answer.headers) == (status == 405)


def test_every_request_leaves_one_record(api: TestClient, telemetry: RecordingTelemetry):
    api.get("/v1/health")
    api.get("/v1/nowhere")

    assert [(r.subject["path"], r.status, r.code) for r in telemetry.requests] == [
        ("/v1/health", 200, None),
        ("/v1/nowhere", 404, "not_found"),
    ]


def test_health_names_the_model(api: TestClient, artifact: Artifact):
    assert api.get("/v1/health").json() == {
        "status": "ok",
        "model": {"name": "colours", "version": artifact.manifest.version},
    }


def test_models_say_what_serves_and_in_whose_place(build_app: Callable[..., ASGIApp]):
    (model,) = TestClient(build_app(stands_in_for="resnet50")).get("/v1/models").json()["models"]

    assert model["classes"] == CLASSES
    assert model["stands_in_for"] == "resnet50"
    assert "resnet50" in model["notice"]


def test_models_say_how_scores_were_calibrated(build_app: Callable[..., ASGIApp]):
    apis = [TestClient(build_app()), TestClient(build_app(threshold=0.79))]

    plain, calibrated = (api.get("/v1/models").json()["models"][0] for api in apis)

    assert plain["calibration"] is None
    assert calibrated["calibration"] == {
        "temperature": 0.8,
        "error_before": 0.1,
        "error_after": 0.05,
        "photos": 160,
        "on": "160 photos",
        "threshold": {"score": 0.79, "wanted": 0.95, "precision": 0.96, "coverage": 0.7},
    }


def test_models_list_the_tabular_ones_after_the_image_model(build_app: Callable[..., ASGIApp]):
    folders = (ROOT / "functions/iris/model", ROOT / "functions/flight_delay/model")
    api = TestClient(build_app(other_models=folders))

    image, *tabular = api.get("/v1/models").json()["models"]

    assert image["name"] == "colours"
    assert [model["name"] for model in tabular] == ["iris", "flight-delay"]
    assert all(model["trained_on"] and model["metrics"] for model in tabular)


def test_a_list_that_cannot_be_read_stops_nothing_else(
    build_app: Callable[..., ASGIApp], tmp_path: Path
):
    api = TestClient(build_app(other_models=(tmp_path,)))

    assert api.get("/v1/models").json()["code"] == "artifact_invalid"
    assert api.get("/v1/health").status_code == 200


def test_labels_are_found_by_name_synonym_and_wnid(api: TestClient):
    def indices(query: str) -> list[int]:
        labels = api.get("/v1/labels", params={"q": query}).json()["labels"]
        return [label["index"] for label in labels]

    assert indices("") == list(range(CLASSES))
    assert indices("COLOUR 1") == [1, 10, 11]
    assert indices("tint 7") == [7]
    assert indices("n00000003") == [3]
    assert indices("no such thing") == []


def test_docs_and_openapi_describe_every_route_without_a_third_party(api: TestClient):
    page = api.get("/v1/docs").text
    paths = api.get("/v1/openapi.json").json()["paths"]

    assert set(paths) == {"/v1/predict", "/v1/models", "/v1/labels", "/v1/health"}
    assert "http://" not in page
    assert "https://" not in page
    assert api.get("/v1/docs-assets/swagger-ui-bundle.js").status_code == 200


@pytest.mark.parametrize("path", ["/v1/health", "/v1/nowhere", "/v1/openapi.json"])
def test_no_answer_runs_or_loads_anything_in_a_browser(api: TestClient, path: str):
    headers = api.get(path).headers

    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_documentation_runs_its_own_script_and_no_other(api: TestClient):
    answer = api.get("/v1/docs")
    (script,) = re.findall("<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    (policy,) = answer.headers.get_list("content-security-policy")
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
