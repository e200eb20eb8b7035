"""Checks of a deployment through its public address, as its users reach it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from infra.deploy.page import ASKED_EACH_TIME, CONFIG, FOR_EVER, PAGE_SUFFIX
from infra.deploy.public import (
    CheckFailed,
    PublicAddress,
    expect_header,
    problem_code,
    read_json,
)
from infra.deploy.references import PageInvalid, find_references
from infra.local.http_api.static import content_type, page_headers

PHOTO = Path("samples/strawberry.png")
_TOP_K = 5
_API_BASE = re.compile(r"""^export const API_BASE = "([^"\\]*)";$""", re.MULTILINE)
_ANNOUNCED = {"content_type": "image/jpeg", "bytes": 1}
_FORGED = {"prediction_id": "never-issued", "correct": True}


@dataclass(frozen=True)
class CheckResult:
    """One check; ``detail`` is what was measured, or what is wrong."""

    name: str
    passed: bool
    detail: str


def smoke(site: PublicAddress, web: Path, *, deployed: bool) -> Iterator[CheckResult]:
    """Try page and API; nothing is stored but an announced upload, which expires.

    ``web`` is the page's folder, which says what is expected. ``deployed`` is False for ``make
    run``, which has the page as it is edited, thus never cached, and asks for no signatures.

    Raises:
        DeployFailed: the address gives no answer.
    """
    checks: dict[str, Callable[[], str]] = {
        "the page is there, and asked for each time": partial(_page, site),
        "the page has its security headers": partial(_security_headers, site, web),
        "what the page loads and links is there": partial(_assets, site, deployed=deployed),
        "the page knows its API": partial(_config, site),
        "GET /v1/health": partial(_health, site),
        "POST /v1/predict classifies a photo": partial(_predict, site, web / PHOTO),
        "POST /v1/predict refuses a broken photo": partial(_broken_photo, site),
        "an unknown path gets the API's own error": partial(_unknown_path, site),
        "POST /v1/feedback refuses a forged receipt": partial(_forged_receipt, site),
    }
    if deployed:
        checks["GET /v1/feedback/summary asks for a signature"] = partial(_unsigned, site)
    for name, check in checks.items():
        try:
            yield CheckResult(name, passed=True, detail=check())
        except (CheckFailed, PageInvalid) as exc:
            yield CheckResult(name, passed=False, detail=str(exc))


def _page(site: PublicAddress) -> str:
    answer = site.ask(HTTPStatus.OK, "")
    expect_header(answer, "content-type", content_type(Path("index.html")))
    expect_header(answer, "cache-control", ASKED_EACH_TIME)
    return f"{len(answer.content) / 1024:.1f} kB"


def _security_headers(site: PublicAddress, web: Path) -> str:
    answer = site.ask(HTTPStatus.OK, "")
    bucket = _uploads_origin(site)
    expected = page_headers(web, bucket)
    if not expected:
        raise CheckFailed(f"{web} has no headers.json to compare with")
    for name, value in expected.items():
        expect_header(answer, name, value)
    return f"{len(expected)} as in headers.json, and uploads to {bucket}"


def _uploads_origin(site: PublicAddress) -> str:
    """Where the API has the page post large photos."""
    form = read_json(site.ask(HTTPStatus.CREATED, "v1/uploads", method="POST", json=_ANNOUNCED))
    try:
        parts = urlsplit(form["upload"]["url"])
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckFailed("the answer names no address to upload to") from exc
    return f"{parts.scheme}://{parts.netloc}"


def _assets(site: PublicAddress, *, deployed: bool) -> str:
    addresses = _addresses(site)
    for address in addresses:
        answer = site.ask(HTTPStatus.OK, address)
        kept = deployed and not address.endswith(PAGE_SUFFIX)
        try:
            expect_header(answer, "content-type", content_type(Path(address)))
            expect_header(answer, "cache-control", FOR_EVER if kept else ASKED_EACH_TIME)
        except CheckFailed as exc:
            raise CheckFailed(f"{address}: {exc}") from exc
    return ", ".join(address.rpartition("/")[2] for address in addresses)


def _config(site: PublicAddress) -> str:
    module = next((address for address in _addresses(site) if address.endswith(".js")), "")
    answer = site.ask(HTTPStatus.OK, urljoin(module, CONFIG))
    match = _API_BASE.search(answer.text)
    if match is None:
        raise CheckFailed(f"{CONFIG} names no API_BASE")
    base = match.group(1)
    if urljoin(site.url, base or "/").rstrip("/") != site.url.rstrip("/"):
        raise CheckFailed(f"API_BASE is {base!r}, another origin than the page's")
    return f"API_BASE is {base!r}"


def _health(site: PublicAddress) -> str:
    status = read_json(site.ask(HTTPStatus.OK, "v1/health")).get("status")
    if status != "ok":
        raise CheckFailed(f"status is {status!r}")
    return str(status)


def _predict(site: PublicAddress, photo: Path) -> str:
    answer = site.ask(
        HTTPStatus.OK,
        f"v1/predict?top_k={_TOP_K}",
        method="POST",
        data=photo.read_bytes(),
        headers={"content-type": content_type(photo)},
    )
    if not answer.headers.get("x-request-id"):
        raise CheckFailed("no x-request-id")
    try:
        predictions = read_json(answer)["predictions"]
        scores = [float(prediction["score"]) for prediction in predictions]
        best = str(predictions[0]["label"])
    except (KeyError, IndexError, TypeError, ValueError) as exc:
        raise CheckFailed("the answer holds no predictions") from exc
    if len(scores) != _TOP_K or scores != sorted(scores, reverse=True):
        raise CheckFailed(f"not {_TOP_K} sorted scores: {scores}")
    if not all(0 <= score <= 1 for score in scores):
        raise CheckFailed(f"scores are no probabilities: {scores}")
    return f"{photo.name}: {best}, {scores[0]:.0%}"


def _broken_photo(site: PublicAddress) -> str:
    answer = site.ask(
        (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY),
        "v1/predict",
        method="POST",
        data=b"\x89PNG\r\n\x1a\n and no more",
        headers={"content-type": "image/png"},
    )
    return f"{answer.status_code} {problem_code(answer)}"


def _unknown_path(site: PublicAddress) -> str:
    return problem_code(site.ask(HTTPStatus.NOT_FOUND, "v1/no-such-path"))


def _forged_receipt(site: PublicAddress) -> str:
    code = problem_code(site.ask(HTTPStatus.FORBIDDEN, "v1/feedback", method="POST", json=_FORGED))
    if code != "receipt_forged":
        raise CheckFailed(f"refused for another reason: {code}")
    return code


def _unsigned(site: PublicAddress) -> str:
    refusals = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return str(site.ask(refusals, "v1/feedback/summary").status_code)


def _addresses(site: PublicAddress) -> list[str]:
    addresses = [
        reference.address for reference in find_references(site.ask(HTTPStatus.OK, "").text)
    ]
    if not addresses:
        raise CheckFailed("the page refers to nothing")
    return addresses
