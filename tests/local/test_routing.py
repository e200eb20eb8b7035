"""Which route takes a request."""

import pytest

from infra.local.http_api.routing import Route, match_route

KEYS = [
    "$default",
    "ANY /v1/{proxy+}",
    "GET /v1/{proxy+}",
    "ANY /pets/{id}",
    "POST /pets/{id}",
    "GET /pets/{id}/toys",
    "GET /pets/first",
    "ANY /pets/{id}/{rest+}",
]
# In this order and in reverse, so that no test passes by the order of declaration.
ROUTES = [Route(*(key.split() if " " in key else ("ANY", key)), function="F") for key in KEYS]


@pytest.mark.parametrize("routes", [ROUTES, ROUTES[::-1]])
@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/pets/first", "GET /pets/first"),
        ("POST", "/pets/first", "POST /pets/{id}"),
        ("PUT", "/pets/first", "ANY /pets/{id}"),
        ("GET", "/pets/7", "ANY /pets/{id}"),
        ("GET", "/pets/7/toys", "GET /pets/{id}/toys"),
        ("GET", "/pets/7/toys/2", "ANY /pets/{id}/{rest+}"),
        ("GET", "/v1/x/y", "GET /v1/{proxy+}"),
        ("PUT", "/v1/x/y", "ANY /v1/{proxy+}"),
        ("GET", "/v1", "$default"),
        ("GET", "/v1/", "$default"),
        ("GET", "/pets/", "$default"),
        ("GET", "/pets/first/", "$default"),
        ("GET", "/", "$default"),
    ],
)
def test_the_most_specific_route_wins(routes: list[Route], method: str, path: str, key: str):
    match = match_route(routes, method, path)

    assert match is not None
    assert match.route.key == key


def test_variables_are_decoded_segment_by_segment():
    match = match_route(ROUTES, "GET", "/pets/a%2Fb/c%20d/e")

    assert match is not None
    assert match.path_parameters == {"id": "a/b", "rest": "c d/e"}


def test_without_a_default_route_nothing_matches():
    assert match_route(ROUTES[1:], "GET", "/elsewhere") is None
    assert match_route(ROUTES[1:], "DELETE", "/pets/") is None
