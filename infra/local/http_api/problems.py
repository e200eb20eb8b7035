"""Every error the gateway itself answers with: one table, one form (RFC 9457)."""

import json
from dataclasses import dataclass

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1


@dataclass(frozen=True)
class Problem:
    """HTTP status and a sentence for people; the code is its key in ``PROBLEMS``."""

    status: int
    title: str
    detail: str


PROBLEMS = {
    "route_not_found": Problem(404, "Not Found", "The API has no such method and path."),
    "request_timeout": Problem(
        408, "Request Timeout", "The request's body did not arrive in time."
    ),
    "request_too_large": Problem(
        413,
        "Content Too Large",
        "Requests may have 10 MB, and 6 MB once encoded as the function's event: about 4.5 MB"
        " of binary data.",
    ),
    "function_error": Problem(502, "Bad Gateway", "The function raised an error."),
    "function_crashed": Problem(502, "Bad Gateway", "The function's environment stopped."),
    "init_failed": Problem(502, "Bad Gateway", "The function could not be initialised."),
    "response_too_large": Problem(
        502, "Bad Gateway", "The function's response is larger than the 6 MB Lambda allows."
    ),
    "bad_function_response": Problem(
        502, "Bad Gateway", "The function's response is not one an HTTP API can send."
    ),
    "too_many_requests": Problem(
        503, "Service Unavailable", "All environments are busy and the queue is full; try again."
    ),
    "function_timeout": Problem(
        504, "Gateway Timeout", "The function did not finish within its time limit."
    ),
    "init_timeout": Problem(504, "Gateway Timeout", "The function was not initialised in time."),
    "gateway_timeout": Problem(
        504, "Gateway Timeout", "No answer within the 29 s an HTTP API waits."
    ),
    "internal_error": Problem(
        500, "Internal Server Error", "The gateway failed; its terminal shows why."
    ),
}


class GatewayError(Exception):
    """The gateway answers instead of a function; ``code`` is a key of ``PROBLEMS``."""

    def __init__(self, code: str) -> None:
        super().__init__(PROBLEMS[code].detail)
        self.code = code


def problem_response(code: str, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; ``message`` is where API Gateway's own errors have their text."""
    problem = PROBLEMS[code]
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": code,
        "request_id": request_id,
        "message": problem.title,
    }
    headers = {"content-type": MEDIA_TYPE}
    if problem.status == PROBLEMS["too_many_requests"].status:
        headers["retry-after"] = str(RETRY_AFTER_S)
    return problem.status, headers, json.dumps(body).encode()
