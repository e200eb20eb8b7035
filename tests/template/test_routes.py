"""The routes in the template are the routes of the apps."""

import re
from typing import Any

import pytest
import requests

from infra.local.http_api.routing import Route, match_route
from infra.local.sam.template import read_template
from tests.conftest import Cloud
from tests.template.conftest import TEMPLATE, resources_of

KEY = {"RECEIPT_KEY": "k" * 32}
ROUTES = read_template(TEMPLATE, environment=KEY).routes
OPENED = read_template(TEMPLATE, {"FrontDoors": "on"}, KEY).routes
APPS = {"ClassifierFunction": "/v1", "FeedbackFunction": "/v1/feedback"}
ABOUT = ("/openapi.json", "/docs")


def function_of(method: str, path: str) -> str:
    match = match_route(ROUTES, method, path)
    assert match is not None, (method, path)
    return match.route.function


def described(cloud: Cloud, function: str) -> set[tuple[str, str]]:
    """Method and path of everything that the running app documents."""
    paths = requests.get(f"{cloud.url}{APPS[function]}/openapi.json", timeout=30).json()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def declared(function: str) -> set[Route]:
    """The function's own routes: not its documentation, and not what is greedy."""
    return {
        route
        for route in ROUTES
        if route.function == function and "{" not in route.path and not route.path.endswith(ABOUT)
    }


@pytest.mark.parametrize("function", APPS)
def test_the_template_has_a_route_for_everything_the_app_answers(cloud: Cloud, function: str):
    for method, path in described(cloud, function):
        route = next(
            (r for r in declared(function) if r.path == path and r.method in (method, "ANY")), None
        )
        assert route, f"{method} {path} is missing from the template"


@pytest.mark.parametrize("function", APPS)
def test_the_app_answers_every_route_of_the_template(cloud: Cloud, function: str):
    served = described(cloud, function)
    for route in declared(function):
        methods = {method for method, path in served if path == route.path}
        assert methods, f"{route.key} is in the template, but the app has no such path"
        assert route.method == "ANY" or route.method in methods, route.key


@pytest.mark.parametrize("name", ["iris", "flight-delay"])
def test_the_list_of_models_says_what_each_function_says_of_its_own(cloud: Cloud, name: str):
    listed = requests.get(f"{cloud.url}/v1/models", timeout=30).json()["models"]
    own = requests.get(f"{cloud.url}/v1/models/{name}", timeout=30).json()

    assert own in listed


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/v2", "PhotoDoorsFunction"),
        ("/v2/models/resnet50/infer", "PhotoDoorsFunction"),
        ("/v2/models/iris", "TabularDoorsFunction"),
        ("/v2/models/flight-delay/infer", "TabularDoorsFunction"),
        ("/v1/models/resnet50:predict", "PhotoDoorsFunction"),
        ("/models/me/resnet50", "PhotoDoorsFunction"),
    ],
)
def test_a_front_door_has_routes_only_where_it_is_on(path: str, function: str):
    opened = match_route(OPENED, "POST", path)

    closed = match_route(ROUTES, "POST", path)
    assert closed is None or closed.route.function == "FeedbackFunction"
    assert opened
    assert opened.route.function == function


def test_sam_makes_nothing_of_the_front_doors_without_their_condition(translated: dict[str, Any]):
    (api,) = resources_of("AWS::ApiGatewayV2::Api", translated).values()
    doors = {
        name: each.get("Condition")
        for name, each in translated["Resources"].items()
        if "Doors" in name
    }

    assert set(doors.values()) == {"HasFrontDoors"}
    assert any("DeploymentGroup" in name for name in doors)
    for route in set(OPENED) - set(ROUTES):
        condition, _, otherwise = api["Body"]["paths"][route.path]["Fn::If"]
        assert (condition, otherwise) == ("HasFrontDoors", {"Ref": "AWS::NoValue"})


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/predict/x", "/v1/models/", "/v1//predict"])
def test_a_wrong_path_starts_no_image_model(path: str):
    assert function_of("GET", path) == "FeedbackFunction"


@pytest.mark.parametrize("function", APPS)
def test_documentation_and_what_it_loads_come_from_the_same_function(cloud: Cloud, function: str):
    page = requests.get(f"{cloud.url}{APPS[function]}/docs", timeout=30).text
    loaded = re.findall(r"""(?:href|src)="(/[^"]+)"|url: '(/[^']+)'""", page)

    addresses = [address for pair in loaded for address in pair if address]
    assert len(addresses) >= 3
    for address in addresses:
        assert function_of("GET", address) == function
        assert requests.get(cloud.url + address, timeout=30).status_code == 200
