"""What pages of other origins are told."""

import pytest

from infra.local.http_api.cors import Cors
from infra.local.sam.template import read_template
from tests.conftest import ROOT

CORS = Cors(("https://a.example",), ("GET", "POST"), ("content-type",), ("x-request-id",), 60)
PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "POST"}


def test_an_allowed_origin_is_named():
    assert CORS.headers_for({"origin": "https://a.example"}) == {
        "access-control-allow-origin": "https://a.example",
        "vary": "origin",
        "access-control-expose-headers": "x-request-id",
    }


@pytest.mark.parametrize("headers", [{}, {"origin": "https://b.example"}, {"origin": "null"}])
def test_no_other_origin_is_named(headers: dict[str, str]):
    assert CORS.headers_for(headers) == {}


def test_any_origin_is_answered_with_a_star():
    headers = Cors(("*",)).headers_for({"origin": "https://anything.example"})

    assert headers == {"access-control-allow-origin": "*"}


def test_a_preflight_is_told_methods_headers_and_for_how_long():
    headers = CORS.headers_for(PREFLIGHT)

    assert headers["access-control-allow-methods"] == "GET,POST"
    assert headers["access-control-allow-headers"] == "content-type"
    assert headers["access-control-max-age"] == "60"


@pytest.mark.parametrize(
    ("cors", "method", "headers", "answers"),
    [
        (CORS, "OPTIONS", PREFLIGHT, True),
        (CORS, "OPTIONS", {"origin": "https://a.example"}, False),
        (CORS, "POST", PREFLIGHT, False),
        (Cors(), "OPTIONS", PREFLIGHT, False),
    ],
)
def test_only_preflights_are_answered(cors: Cors, method: str, headers, answers):
    assert cors.answers(method, headers) is answers


def test_the_templates_configuration_is_read():
    parameters = {"CorsOrigins": "https://a.example,https://b.example"}
    cors = read_template(ROOT / "template.yaml", parameters, {"RECEIPT_KEY": "k" * 32}).cors

    assert cors.origins == ("https://a.example", "https://b.example")
    assert "POST" in cors.methods
    assert cors.headers == ("content-type", "idempotency-key")
    assert {"x-request-id", "retry-after"} <= set(cors.exposed)
