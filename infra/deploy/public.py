"""The public address as a client sees it; while it starts up, requests are tried again."""

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import requests

from infra.deploy.errors import DeployFailed

_TIMEOUT_S = 35  # CloudFront waits 30 for the API
_PAUSE_S = 2.0


class CheckFailed(Exception):
    """What was seen instead of what should be."""


class PublicAddress:
    """Asks one origin; all requests together may wait ``patience_s`` for it to start up."""

    def __init__(
        self,
        url: str,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/") + "/"
        self._session = requests.Session()
        self._clock = clock
        self._sleep = sleep
        self._deadline_s = clock() + patience_s

    def ask(
        self, expected: HTTPStatus | tuple[HTTPStatus, ...], path: str, **request: Any
    ) -> requests.Response:
        """The answer to a request, GET unless ``request`` (as of ``requests``) names a method.

        Raises:
            CheckFailed: it has another status.
            DeployFailed: there is no answer.
        """
        answer = self._awake(path, request)
        if answer.status_code not in (expected if isinstance(expected, tuple) else (expected,)):
            raise CheckFailed(f"{path} answered {answer.status_code}{_identity(answer)}")
        return answer

    def _awake(self, path: str, request: dict[str, Any]) -> requests.Response:
        while True:
            try:
                answer = self._try(path, request)
            except requests.RequestException as exc:
                if self._clock() >= self._deadline_s:
                    raise DeployFailed(f"{self.url} cannot be reached: {exc}") from exc
            else:
                busy = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
                failing = busy or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
                if not failing or self._clock() >= self._deadline_s:
                    return answer
            self._sleep(_PAUSE_S)

    def _try(self, path: str, request: dict[str, Any]) -> requests.Response:
        address = urljoin(self.url, path)
        options = {"method": "GET", "timeout": _TIMEOUT_S, "allow_redirects": False, **request}
        return self._session.request(url=address, **options)


def problem_code(answer: requests.Response) -> str:
    """The ``code`` of an error in the API's own form (RFC 9457).

    Raises:
        CheckFailed: it has another form.
    """
    expect_header(answer, "content-type", "application/problem+json")
    code = read_json(answer).get("code")
    if not code:
        raise CheckFailed("the problem has no code")
    return str(code)


def read_json(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of the answer.

    Raises:
        CheckFailed: it holds none.
    """
    try:
        body = json.loads(answer.content)
    except ValueError as exc:
        raise CheckFailed("the answer is no JSON") from exc
    if not isinstance(body, dict):
        raise CheckFailed("the answer is no JSON object")
    return body


def expect_header(answer: requests.Response, name: str, value: str) -> None:
    """Compare a header, its parameters aside where ``value`` names none.

    Raises:
        CheckFailed: it is missing or different.
    """
    actual = answer.headers.get(name)
    if actual is None or value not in (actual, actual.partition(";")[0].strip()):
        raise CheckFailed(f"{name} is {actual!r}, not {value!r}")


def _identity(answer: requests.Response) -> str:
    request_id = answer.headers.get("x-request-id") or answer.headers.get("x-amz-cf-id")
    return f" (request {request_id})" if request_id else ""
