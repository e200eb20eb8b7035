"""What a function returned → HTTP."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.http_api.problems import GatewayError
from infra.local.http_api.response import decode_response

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def decode(value: object):
    return decode_response(json.dumps(value).encode())


def test_sends_status_headers_cookies_and_body():
    response = decode(
        {"statusCode": "201", "headers": {"X-A": "1", "N": 2}, "cookies": ["c=1"], "body": "ü"}
    )

    assert response.status == 201
    assert response.body == "ü".encode()
    assert response.headers == (
        ("x-a", "1"),
        ("n", "2"),
        ("content-type", "application/json"),
        ("set-cookie", "c=1"),
    )


def test_decodes_base64():
    body = bytes(range(256))
    encoded = base64.b64encode(body).decode()

    assert decode({"statusCode": 200, "body": encoded, "isBase64Encoded": True}).body == body


@pytest.mark.parametrize(
    ("value", "body"), [({"a": 1}, b'{"a": 1}'), ([1], b"[1]"), ("hi", b"hi"), (None, b"null")]
)
def test_a_bare_value_is_a_200_in_json(value: object, body: bytes):
    response = decode(value)

    assert (response.status, response.body) == (200, body)
    assert response.headers == (("content-type", "application/json"),)


def test_the_connections_own_headers_are_not_forwarded():
    headers = {"Content-Length": "99", "Transfer-Encoding": "chunked", "Connection": "close"}

    response = decode({"statusCode": 200, "headers": headers, "body": "a"})

    assert [name for name, _ in response.headers] == ["content-type"]


@pytest.mark.parametrize(
    "bad",
    [
        {"statusCode": "soon"},
        {"statusCode": None},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "headers": {"a b": "1"}},
        {"statusCode": 200, "headers": {"a": "1\r\nset-cookie: x"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "cookies": [1]},
        {"statusCode": 200, "cookies": ["a\nb"]},
        {"statusCode": 200, "body": "*", "isBase64Encoded": True},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
def test_refuses_what_cannot_be_sent(bad: object):
    with pytest.raises(GatewayError) as caught:
        decode(bad)

    assert caught.value.code == "bad_function_response"


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"Task timed out"])
def test_refuses_what_is_not_json(payload: bytes):
    with pytest.raises(GatewayError):
        decode_response(payload)


@given(
    status=JSON | st.just(200),
    headers=JSON | st.dictionaries(st.text(), JSON),
    cookies=JSON | st.lists(st.text()),
    body=JSON,
    encoded=st.booleans(),
)
def test_anything_is_sent_or_refused(
    status: object, headers: object, cookies: object, body: object, *, encoded: bool
):
    value = {
        "statusCode": status,
        "headers": headers,
        "cookies": cookies,
        "body": body,
        "isBase64Encoded": encoded,
    }
    with suppress(GatewayError):
        response = decode(value)
        assert 200 <= response.status < 600
        assert not any("\n" in name + text for name, text in response.headers)
