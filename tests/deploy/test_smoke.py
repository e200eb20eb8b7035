"""The smoke test passes on what is sound, and names what is not."""

import re
from collections.abc import Callable

import pytest
import requests

from infra.deploy.__main__ import main
from infra.deploy.errors import DeployFailed
from infra.deploy.public import PublicAddress
from infra.deploy.smoke import smoke
from infra.local.http_api.static import page_headers
from tests.conftest import LIMIT_S, ROOT, Cloud
from tests.deploy.aws import WHICH, deployed_stack
from tests.deploy.site import Site, as_json

WEB = ROOT / "web"
NO_PATIENCE = 0.0


def failed_checks(site: Site) -> dict[str, str]:
    checks = smoke(PublicAddress(site.url, NO_PATIENCE), WEB, deployed=True)
    return {check.name: check.detail for check in checks if not check.passed}


def test_the_published_page_and_the_api_pass(site: Site):
    checks = list(smoke(PublicAddress(site.url, NO_PATIENCE), WEB, deployed=True))

    assert [check for check in checks if not check.passed] == []
    assert len(checks) == 10
    assert any(re.fullmatch(r"strawberry.png: strawberry, \d+%", check.detail) for check in checks)


def test_make_run_passes_but_for_what_only_a_cdn_and_iam_do(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
):
    assert main(["smoke", "--url", cloud.url, "--web", str(WEB), "--patience", "5"]) == 0

    output = capsys.readouterr().out
    assert "· this machine" in output
    assert output.count("✓") == 9


def test_make_run_does_not_pass_for_a_deployment(cloud: Cloud):
    assert set(failed_checks(Site(cloud.url, url=cloud.url))) == {
        "what the page loads and links is there",
        "GET /v1/feedback/summary asks for a signature",
    }


def object_named(site: Site, ending: str) -> str:
    (key,) = (key for key in site.objects if key.endswith(ending))
    return key


def change(ending: str, **headers: str) -> Callable[[Site], None]:
    def broken(site: Site) -> None:
        site.objects[object_named(site, ending)][1].update(
            {name.replace("_", "-"): value for name, value in headers.items()}
        )

    return broken


def replace(ending: str, old: bytes, new: bytes) -> Callable[[Site], None]:
    def broken(site: Site) -> None:
        key = object_named(site, ending)
        status, headers, body = site.objects[key]
        assert old in body
        site.objects[key] = (status, headers, body.replace(old, new))

    return broken


def remove(ending: str) -> Callable[[Site], None]:
    return lambda site: site.objects.pop(object_named(site, ending)) and None


def header(name: str, value: str | None) -> Callable[[Site], None]:
    def broken(site: Site) -> None:
        del site.headers[name]
        if value is not None:
            site.headers[name] = value

    return broken


def answer(path: str, status: int, body: object, kind: str = "application/json"):
    def broken(site: Site) -> None:
        site.overrides[path] = as_json(status, body, kind)

    return broken


POLICY = page_headers(WEB)["Content-Security-Policy"]  # which lets the page upload nowhere
PROBLEM = "application/problem+json"
TWO_LABELS = [{"label": "a", "score": 0.1}, {"label": "b", "score": 0.9}]
PAGE, HEADERS, ASSETS = (
    "the page is there, and asked for each time",
    "the page has its security headers",
    "what the page loads and links is there",
)
CONFIG, PREDICT, BROKEN = (
    "the page knows its API",
    "POST /v1/predict classifies a photo",
    "POST /v1/predict refuses a broken photo",
)
UNKNOWN, FORGED, SUMMARY = (
    "an unknown path gets the API's own error",
    "POST /v1/feedback refuses a forged receipt",
    "GET /v1/feedback/summary asks for a signature",
)


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (change("index.html", Cache_Control="max-age=60"), {PAGE, ASSETS}),
        (change("index.html", Content_Type="text/plain; charset=utf-8"), {PAGE, ASSETS}),
        (header("Content-Security-Policy", None), {HEADERS}),
        (header("Strict-Transport-Security", "max-age=1"), {HEADERS}),
        (header("Content-Security-Policy", POLICY), {HEADERS}),
        (answer("/v1/uploads", 201, {"upload": {"url": "https://elsewhere.test/"}}), {HEADERS}),
        (answer("/v1/uploads", 201, {"upload": {}}), {HEADERS}),
        (answer("/v1/uploads", 503, {"code": "store_unavailable"}, PROBLEM), {HEADERS}),
        (remove("/app.js"), {ASSETS}),
        (change("/styles.css", Content_Type="text/plain"), {ASSETS}),
        (change("/icon.svg", Cache_Control="no-cache"), {ASSETS}),
        (remove("iris.html"), {ASSETS}),
        (change("iris.html", Cache_Control="max-age=60"), {ASSETS}),
        (remove("/config.js"), {CONFIG}),
        (replace("/config.js", b"127.0.0.1", b"127.0.0.2"), {CONFIG}),
        (replace("/config.js", b"API_BASE", b"BASE"), {CONFIG}),
        (answer("/v1/health", 404, {}), {"GET /v1/health"}),
        (answer("/v1/health", 200, "not an object"), {"GET /v1/health"}),
        (answer("/v1/health", 200, {"status": "ill"}), {"GET /v1/health"}),
        (answer("/v1/predict", 200, {"predictions": TWO_LABELS}), {PREDICT, BROKEN}),
        (answer("/v1/predict", 200, {"predictions": []}), {PREDICT, BROKEN}),
        (answer("/v1/predict", 413, {"code": "x"}, PROBLEM), {PREDICT, BROKEN}),
        (answer("/v1/predict", 415, {"message": "x"}, PROBLEM), {PREDICT, BROKEN}),
        (answer("/v1/no-such-path", 404, {"message": "Not Found"}), {UNKNOWN}),
        (answer("/v1/no-such-path", 200, {}), {UNKNOWN}),
        (answer("/v1/feedback", 201, {}), {FORGED}),
        (answer("/v1/feedback", 403, {"code": "forbidden"}, PROBLEM), {FORGED}),
        (answer("/v1/feedback/summary", 200, {"answers": 0}), {SUMMARY}),
    ],
)
def test_what_is_broken_is_named_and_nothing_else(
    site: Site, break_it: Callable[[Site], None], named: set[str]
):
    break_it(site)

    assert set(failed_checks(site)) == named


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ([{"label": "a", "score": s} for s in (0.1, 0.5, 0.2, 0.1, 0.1)], "sorted"),
        ([{"label": "a", "score": s} for s in (0.5, 0.2, 0.1, 0.1)], "sorted"),
        ([{"label": "a", "score": s} for s in (5, 4, 3, 2, 1)], "probabilities"),
        ([{"label": "a"}] * 5, "no predictions"),
        ("abc", "no predictions"),
    ],
)
def test_an_answer_that_is_no_ranking_does_not_pass(site: Site, predictions: object, message: str):
    status, headers, body = as_json(200, {"predictions": predictions})
    site.overrides["/v1/predict"] = (status, headers | {"x-request-id": "1"}, body)

    assert message in failed_checks(site)[PREDICT]


def test_a_page_that_is_gone_does_not_stop_the_other_checks(site: Site):
    site.objects.clear()

    assert set(failed_checks(site)) == {PAGE, HEADERS, ASSETS, CONFIG}


def test_a_failure_is_said_and_ends_the_command_with_1(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    del site.headers["Content-Security-Policy"]
    with deployed_stack(monkeypatch, site.url):
        assert main(["smoke", *WHICH, "--web", str(WEB), "--patience", "0"]) == 1

    assert "✗ the page has its security headers: Content-Security-Policy" in capsys.readouterr().out


def test_waits_for_what_wakes_up(site: Site):
    site.failures = 3
    pauses: list[float] = []
    address = PublicAddress(site.url, 60, clock=lambda: sum(pauses), sleep=pauses.append)

    checks = list(smoke(address, WEB, deployed=True))

    assert all(check.passed for check in checks)
    assert len(pauses) == 3


def test_patience_ends_for_all_requests_together(site: Site):
    site.failures = 10**6
    pauses: list[float] = []
    address = PublicAddress(site.url, 60, clock=lambda: sum(pauses), sleep=pauses.append)

    checks = list(smoke(address, WEB, deployed=True))

    assert not any(check.passed for check in checks)
    assert sum(pauses) == 60


def test_a_definite_answer_is_not_asked_for_again(site: Site):
    site.overrides["/v1/health"] = as_json(404, {})
    pauses: list[float] = []
    address = PublicAddress(site.url, 60, clock=lambda: sum(pauses), sleep=pauses.append)

    list(smoke(address, WEB, deployed=True))

    assert pauses == []


def test_an_address_that_does_not_answer_ends_it(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(DeployFailed):
        list(smoke(PublicAddress("http://127.0.0.1:9", NO_PATIENCE), WEB, deployed=True))

    assert main(["smoke", "--url", "http://127.0.0.1:9", "--patience", "0"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_nothing_is_stored(site: Site, cloud: Cloud):
    model, *_ = requests.get(f"{cloud.url}/v1/models", timeout=LIMIT_S).json()["models"]

    def answers() -> int:
        url = f"{cloud.url}/v1/feedback/summary"
        response = requests.get(url, params={"model_version": model["version"]}, timeout=LIMIT_S)
        return response.json()["answers"]

    before = answers()

    failed_checks(site)

    assert answers() == before
