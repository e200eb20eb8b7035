"""What template.yaml says of feedback: who may call it, and what it may do."""

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback.settings import FeedbackSettings
from infra.local.http_api.routing import Route, match_route
from infra.local.sam.intrinsics import load_yaml
from infra.local.sam.template import read_template
from serving.aws import CLIENT_CONFIG
from tests.feedback.conftest import TEMPLATE

DOCUMENT = load_yaml(TEMPLATE)
FUNCTION = DOCUMENT["Resources"]["FeedbackFunction"]["Properties"]
UNKNOWN_ROUTE = "ANY /v1/{unknown+}"
SIGNED = {
    event["Properties"]["Path"]
    for event in FUNCTION["Events"].values()
    if event["Properties"].get("Auth") == {"Authorizer": "AWS_IAM"}
}


def route_of(method: str, path: str) -> Route:
    template = read_template(TEMPLATE, environment={"RECEIPT_KEY": "k" * 32})
    match = match_route(template.routes, method, path)
    assert match is not None
    return match.route


def routed_by(route_key: str, app: ASGIApp) -> TestClient:
    """``app`` behind API Gateway, which has matched every request with that route."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "aws.event": {"routeKey": route_key}}, receive, send)

    return TestClient(behind)


def test_the_summary_needs_a_signed_request():
    assert {"/v1/feedback/summary"} == SIGNED
    assert DOCUMENT["Resources"]["Api"]["Properties"]["Auth"]["EnableIamAuthorizer"] is True


@pytest.mark.parametrize(
    "path",
    [
        "/v1/feedback/summary/",
        "/v1/feedback//summary",
        "/v1/feedback/docs/../summary",
        "/v1/feedback/./summary",
        "/v1/Feedback/summary",
        "/v1/feedback/docs-assets/../summary",
    ],
)
def test_no_other_spelling_reaches_the_summary(path: str):
    assert route_of("GET", path).key == UNKNOWN_ROUTE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/feedback"),
        ("GET", "/v1/feedback"),
        ("GET", "/v1/feedback/summary"),
        ("GET", "/v1/feedback/docs"),
        ("GET", "/v1/feedback/docs-assets/swagger-ui.css"),
        ("GET", "/v1/feedback/openapi.json"),
    ],
)
def test_feedback_answers_its_own_routes(method: str, path: str):
    assert route_of(method, path).function == "FeedbackFunction"


def test_no_other_variable_of_a_route_stands_where_the_summary_could():
    paths = {event["Properties"]["Path"] for event in FUNCTION["Events"].values()}

    variable = {path for path in paths if "{" in path}
    assert variable == {"/v1/feedback/docs-assets/{file}", UNKNOWN_ROUTE.removeprefix("ANY ")}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/feedback/summary?model_version=1", 404), ("/v1/nothing", 404), ("/v1/feedback", 405)],
)
def test_what_no_route_names_is_not_answered(api: TestClient, path: str, status: int):
    answer = routed_by(UNKNOWN_ROUTE, api.app).get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_summarys_own_route_reaches_it(api: TestClient):
    summary = routed_by("GET /v1/feedback/summary", api.app)

    assert summary.get("/v1/feedback/summary?model_version=1").status_code == 200


def test_the_tables_data_outlives_the_stack():
    table = DOCUMENT["Resources"]["FeedbackTable"]

    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["DeletionProtectionEnabled"] is True


def test_every_variable_is_a_setting_and_every_required_setting_is_there():
    own = {name.lower() for name in FUNCTION["Environment"]["Variables"]}
    shared = {name.lower() for name in DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]}
    fields = FeedbackSettings.model_fields

    own -= {"powertools_service_name", "receipt_key_rotation"}
    assert own <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= own | shared


def test_every_try_of_the_store_ends_before_the_function_does():
    retries = CLIENT_CONFIG.retries
    assert retries is not None
    tries = retries["total_max_attempts"]
    # botocore's standard mode waits up to 2**n seconds after try n, counted from 0
    pauses_s = sum(2**n for n in range(tries - 1))
    tries_s = tries * (CLIENT_CONFIG.connect_timeout + CLIENT_CONFIG.read_timeout)

    assert tries_s + pauses_s < FUNCTION["Timeout"]


def test_globals_hold_only_what_sam_takes_there():
    # SAM refuses the whole template otherwise; infra.local would not notice
    assert "PackageType" not in DOCUMENT["Globals"]["Function"]
