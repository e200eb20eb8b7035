"""``template.yaml`` → the functions and routes it describes.

Only what a local cloud needs is read: functions, packaged as images, and their routes on an HTTP
API.
Sources: AWS SAM specification, *AWS::Serverless::Function* and *Globals*.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.account import ACCOUNT, REGION, function_arn
from infra.local.aws_lambda.function import FunctionSpec
from infra.local.http_api.cors import Cors
from infra.local.http_api.routing import Route
from infra.local.sam.intrinsics import (
    NO_VALUE,
    Node,
    Scope,
    TemplateError,
    evaluate,
    holds,
    load_yaml,
)

_PSEUDO_PARAMETERS = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "local",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/0",
    "AWS::NoValue": NO_VALUE,
}
_FUNCTION_TYPE = "AWS::Serverless::Function"
_API_TYPE = "AWS::Serverless::HttpApi"


@dataclass(frozen=True)
class Template:
    """What the local cloud stands up."""

    functions: tuple[FunctionSpec, ...]
    routes: tuple[Route, ...]
    cors: Cors
    left_out: Mapping[str, str]
    """Functions without routes that cannot be stood up here, with the reason."""


def read_template(
    path: Path,
    parameters: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    own: Mapping[str, Mapping[str, str]] | None = None,
) -> Template:
    """Evaluate the template at ``path``.

    ``parameters`` win over the template's defaults. ``environment`` is given to every function,
    ``own`` to those it names; both win over what the template sets.

    Raises:
        TemplateError: unreadable, or it says something that cannot be stood up here.
    """
    document = load_yaml(path)
    resources = document.get("Resources", {})
    scope = Scope(
        _parameter_values(document.get("Parameters", {}), parameters or {}) | _versions(resources),
        document.get("Conditions", {}),
        document.get("Mappings", {}),
        {name: resource.get("Type", "") for name, resource in resources.items()},
    )
    functions, routes, left_out = [], [], {}
    for name, resource in resources.items():
        if resource.get("Type") != _FUNCTION_TYPE:
            continue
        if "Condition" in resource and not holds(resource["Condition"], scope):
            continue
        defaults = document.get("Globals", {}).get("Function", {})
        properties = _merged(defaults, resource.get("Properties", {}))
        where = f"{path.name}, {name}"
        with _naming(where):
            routes_here = list(_routes(name, properties, scope))
        routes += routes_here
        given = {**(environment or {}), **(own or {}).get(name, {})}
        merged = resource | {"Properties": properties}
        try:
            with _naming(where):
                functions.append(_function(name, merged, scope, path.parent, given))
        except TemplateError as exc:
            if routes_here:
                raise
            left_out[name] = str(exc)
    _refuse_duplicates(routes)
    if not routes:
        raise TemplateError(f"{path.name} has no function with a route on an HTTP API.")
    return Template(tuple(functions), tuple(routes), _cors(resources, scope), left_out)


@contextmanager
def _naming(where: str) -> Iterator[None]:
    try:
        yield
    except TemplateError as exc:
        raise TemplateError(f"{where}: {exc}") from exc
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
        raise TemplateError(f"{where}: not understood ({type(exc).__name__}: {exc})") from exc


def _versions(resources: Node) -> dict[str, object]:
    """What SAM lets ``!Ref`` name besides a function: its version, of which there is one here."""
    return {
        f"{name}.Version": f"{function_arn(name)}:$LATEST"
        for name, resource in resources.items()
        if resource.get("Type") == _FUNCTION_TYPE
    }


def _parameter_values(declared: Node, given: Mapping[str, str]) -> dict[str, object]:
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"The template has no parameter {', '.join(unknown)}.")
    values: dict[str, object] = dict(_PSEUDO_PARAMETERS)
    for name, declaration in declared.items():
        if name not in given and "Default" not in declaration:
            continue
        value = given.get(name, declaration.get("Default"))
        allowed = [str(each) for each in declaration.get("AllowedValues", [])]
        if allowed and str(value) not in allowed:
            raise TemplateError(f"{name} is {value!r}, but must be one of {', '.join(allowed)}.")
        if declaration.get("Type") == "Number" and not str(value).lstrip("-").isdigit():
            raise TemplateError(f"{name} is {value!r}, but must be a whole number.")
        values[name] = (
            str(value).split(",") if declaration.get("Type") == "CommaDelimitedList" else value
        )
    return values


def _function(
    name: str, resource: Node, scope: Scope, root: Path, given: Mapping[str, str]
) -> FunctionSpec:
    properties = resource["Properties"]
    if properties.get("PackageType") != "Image":
        raise TemplateError("only functions with PackageType Image run here.")
    command = evaluate(properties.get("ImageConfig", {}), scope).get("Command")
    if not command:
        raise TemplateError("ImageConfig.Command does not name the handler.")
    if "DockerContext" not in resource.get("Metadata", {}):
        raise TemplateError("Metadata.DockerContext does not name the code's folder.")
    variables = properties.get("Environment", {}).get("Variables", {})
    # Those given are not evaluated: a secret's address in the cloud means nothing here.
    own = evaluate({key: value for key, value in variables.items() if key not in given}, scope)
    provisioned = evaluate({"_": properties.get("ProvisionedConcurrencyConfig", {})}, scope)
    reserved = evaluate({"_": properties.get("ReservedConcurrentExecutions")}, scope).get("_")
    return FunctionSpec(
        name=name,
        handler=command[0],
        code_folder=(root / evaluate(resource["Metadata"]["DockerContext"], scope)).resolve(),
        memory_mb=int(evaluate(properties.get("MemorySize", 128), scope)),
        timeout_s=int(evaluate(properties.get("Timeout", 3), scope)),
        environment={key: str(value) for key, value in own.items()} | dict(given),
        provisioned_concurrency=int(
            provisioned.get("_", {}).get("ProvisionedConcurrentExecutions", 0)
        ),
        reserved_concurrency=None if reserved is None else int(reserved),
    )


def _routes(function: str, properties: Node, scope: Scope) -> Iterator[Route]:
    for event in properties.get("Events", {}).values():
        if event.get("Type") == "Api":
            raise TemplateError("events of type Api (a REST API) do not run here; use HttpApi.")
        if event.get("Type") != "HttpApi":
            continue
        details = evaluate(event.get("Properties", {}), scope)
        path = details.get("Path", "$default")
        yield Route(str(details.get("Method", "ANY")).upper(), path, function)


def _cors(resources: Node, scope: Scope) -> Cors:
    for resource in resources.values():
        if resource.get("Type") == _API_TYPE:
            configuration = resource.get("Properties", {}).get("CorsConfiguration", {})
            said = evaluate(configuration, scope)
            return Cors(
                origins=tuple(said.get("AllowOrigins", ())),
                methods=tuple(said.get("AllowMethods", ())),
                headers=tuple(said.get("AllowHeaders", ())),
                exposed=tuple(said.get("ExposeHeaders", ())),
                max_age_s=said.get("MaxAge"),
            )
    return Cors()


def _refuse_duplicates(routes: list[Route]) -> None:
    seen: dict[str, str] = {}
    for route in routes:
        if seen.setdefault(route.key, route.function) != route.function:
            raise TemplateError(
                f"Two functions have the route {route.key}: {seen[route.key]}, {route.function}."
            )


def _merged(defaults: Node, own: Node) -> Node:
    """SAM's rule for Globals: maps merge, lists add up, anything else is replaced."""
    if isinstance(defaults, dict) and isinstance(own, dict):
        return {
            key: _merged(defaults[key], own[key])
            if key in defaults and key in own
            else own.get(key, defaults.get(key))
            for key in defaults | own
        }
    if isinstance(defaults, list) and isinstance(own, list):
        return defaults + own
    return own
