"""Which other origins' pages may read the API's answers, its own errors included.

Source: Amazon API Gateway, *Configuring CORS for HTTP APIs*: the gateway answers every preflight
itself, and adds its headers to every answer to a request that names its origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_PREFLIGHT = "access-control-request-method"


@dataclass(frozen=True)
class Cors:
    """An HTTP API's ``CorsConfiguration``; without origins it adds nothing."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int | None = None

    def answers(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether the request is a preflight, which no function sees."""
        return bool(self.origins) and method == "OPTIONS" and _PREFLIGHT in headers

    def headers_for(self, headers: Mapping[str, str]) -> dict[str, str]:
        """CORS headers of the response to a request with these headers; names are in lower case."""
        allowed = self._allowed_origin(headers.get("origin"))
        if allowed is None:
            return {}
        answer: dict[str, str] = {"access-control-allow-origin": allowed}
        if allowed != "*":
            answer["vary"] = "origin"
        if _PREFLIGHT not in headers:
            if self.exposed:
                answer["access-control-expose-headers"] = ",".join(self.exposed)
            return answer
        answer["access-control-allow-methods"] = ",".join(self.methods)
        answer["access-control-allow-headers"] = ",".join(self.headers)
        if self.max_age_s is not None:
            answer["access-control-max-age"] = str(self.max_age_s)
        return answer

    def _allowed_origin(self, origin: str | None) -> str | None:
        if origin is None:
            return None
        if "*" in self.origins:
            return "*"
        return origin if origin in self.origins else None
