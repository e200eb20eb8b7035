"""Which route answers a request, by an HTTP API's precedence.

Source: Amazon API Gateway, *Create routes for HTTP APIs*: full match, then path variables, then a
greedy variable, then ``$default``; a route of the request's own method before ``ANY``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

DEFAULT_PATH = "$default"
_LITERAL, _VARIABLE, _GREEDY = range(3)


@dataclass(frozen=True)
class Route:
    """One line of the API; ``path`` may hold ``{name}`` and, at its end, ``{name+}``."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        """API Gateway's route key, such as ``POST /v1/predict``."""
        return self.path if self.path == DEFAULT_PATH else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Match:
    """The route that answers, and what its path variables hold, percent-decoded."""

    route: Route
    path_parameters: dict[str, str]


def match_route(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """The most specific route for ``method`` and the percent-encoded ``path``; None without one."""
    matches = (_match(route, method, path) for route in routes)
    return min(
        (match for match in matches if match is not None),
        key=lambda match: _precedence(match.route),
        default=None,
    )


def _match(route: Route, method: str, path: str) -> Match | None:
    if route.path == DEFAULT_PATH:
        return Match(route, {})
    if route.method not in (method, "ANY"):
        return None
    pattern, segments = route.path.split("/"), path.split("/")
    parameters: dict[str, str] = {}
    for position, segment in enumerate(pattern):
        rank = _rank(segment)
        value = (
            "/".join(segments[position:]) if rank == _GREEDY else "".join(segments[position:][:1])
        )
        if rank == _LITERAL:
            if position >= len(segments) or unquote(value) != segment:
                return None
            continue
        if not value:
            return None
        parameters[segment.strip("{+}")] = unquote(value)
        if rank == _GREEDY:
            return Match(route, parameters)
    return Match(route, parameters) if len(pattern) == len(segments) else None


def _rank(segment: str) -> int:
    if not (segment.startswith("{") and segment.endswith("}")):
        return _LITERAL
    return _GREEDY if segment.endswith("+}") else _VARIABLE


def _precedence(route: Route) -> tuple[list[int], bool]:
    if route.path == DEFAULT_PATH:
        return [_GREEDY + 1], True
    return [_rank(segment) for segment in route.path.split("/")], route.method == "ANY"
