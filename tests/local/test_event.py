"""HTTP request → payload format 2.0."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.http_api.event import HttpRequest, encode_event, warm_up_event
from infra.local.http_api.routing import Match, Route

NOW = datetime(2026, 3, 12, 19, 3, 58, 390_000, UTC)
MATCH = Match(Route("POST", "/v1/{proxy+}", "F"), {"proxy": "predict"})


def event(body: bytes = b"", *headers: tuple[str, str], query: str = "") -> dict:
    request = HttpRequest(
        "POST", "/v1/a%20b", query, "HTTP/1.1", headers, source_ip="127.0.0.9", body=body
    )
    return json.loads(encode_event(request, MATCH, "id-1", NOW))


def test_has_api_gateways_fields():
    payload = event(b"", ("Host", "localhost:8000"), ("User-Agent", "ua"), query="a=1")

    context = payload["requestContext"]
    assert payload["version"] == "2.0"
    assert payload["routeKey"] == context["routeKey"] == "POST /v1/{proxy+}"
    assert payload["rawPath"] == "/v1/a%20b"
    assert payload["rawQueryString"] == "a=1"
    assert payload["pathParameters"] == {"proxy": "predict"}
    assert context["http"] == {
        "method": "POST",
        "path": "/v1/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.9",
        "userAgent": "ua",
    }
    assert context["requestId"] == "id-1"
    assert context["stage"] == "$default"
    assert context["domainName"] == "localhost"
    assert context["time"] == "12/Mar/2026:19:03:58 +0000"
    assert context["timeEpoch"] == 1773342238390
    assert payload["isBase64Encoded"] is False
    assert "body" not in payload
    assert "cookies" not in payload


def test_headers_are_lower_case_and_joined():
    payload = event(b"", ("X-Thing", "1"), ("x-thing", "2"), ("Host", "h:81"))

    assert payload["headers"]["x-thing"] == "1,2"
    assert payload["headers"]["x-forwarded-for"] == "127.0.0.9"
    assert payload["headers"]["x-forwarded-port"] == "81"
    assert payload["headers"]["x-amzn-trace-id"].startswith("Root=1-69b30e1e-")


def test_cookies_leave_the_headers():
    payload = event(b"", ("Cookie", "a=1; b=2"), ("cookie", "c=3"))

    assert payload["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in payload["headers"]


def test_repeated_and_empty_query_parameters_are_kept():
    payload = event(query="a=1&a=2&b=&c=%C3%BC")

    assert payload["queryStringParameters"] == {"a": "1,2", "b": "", "c": "ü"}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json; charset=utf-8", "application/problem+json", "image/svg+xml"],
)
def test_text_goes_as_it_is(content_type: str):
    payload = event('"ü"\n'.encode(), ("content-type", content_type))

    assert (payload["body"], payload["isBase64Encoded"]) == ('"ü"\n', False)


@pytest.mark.parametrize(
    "content_type", ["image/png", "", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_everything_else_goes_as_base64(content_type: str):
    payload = event(b"abc", ("content-type", content_type))

    assert (payload["body"], payload["isBase64Encoded"]) == ("YWJj", True)


@given(
    body=st.binary(max_size=200),
    content_type=st.sampled_from(["application/json", "image/png", "text/plain", ""]),
    header=st.text(st.characters(max_codepoint=255)),
)
def test_any_bytes_arrive_whole(body: bytes, content_type: str, header: str):
    payload = event(body, ("content-type", content_type), ("x-any", header))

    content = payload.get("body", "")
    assert (base64.b64decode(content) if payload["isBase64Encoded"] else content.encode()) == body
    assert payload["headers"]["x-any"] == header


def test_a_function_with_a_health_route_is_warmed_by_it():
    routes = (Route("GET", "/v1/health", "F"), Route("ANY", "/v1/{proxy+}", "G"))

    event = json.loads(warm_up_event(routes, "F", "/v1/health", NOW))

    assert (event["routeKey"], event["rawPath"]) == ("GET /v1/health", "/v1/health")
    assert event["requestContext"]["http"]["method"] == "GET"


@pytest.mark.parametrize("path", ["/v1/health", None])
def test_any_other_function_is_warmed_by_a_plain_invocation(path):
    routes = (Route("GET", "/v1/health", "F"), Route("ANY", "/v1/{proxy+}", "G"))

    assert warm_up_event(routes, "G", path, NOW) == b"{}"
