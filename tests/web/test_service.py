"""What the page says of the service: its errors, its sleep, its model, its curl line."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.conftest import LIMIT_S, Cloud, skip_or_fail
from tests.web.conftest import Open
from tests.web.page import COFFEE, expect_result, hold, problem


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [(413, "image_too_large", False), (415, "unsupported_image_format", False), (502, "x", True)],
)
def test_an_error_shows_what_the_api_says_of_it(
    open_page: Open, status: int, code: str, *, retry: bool
):
    def before(page: Page) -> None:
        page.route("**/v1/predict", lambda route: problem(route, status, code, "The API's words."))

    page = open_page(before)
    page.set_input_files("#picker", COFFEE)

    expect(page.locator(".failure-text")).to_have_text("The API's words.")
    expect(page.locator(".retry")).to_be_visible(visible=retry)


def test_a_lost_connection_can_be_retried(open_page: Open):
    page = open_page(lambda page: page.route("**/v1/predict", lambda route: route.abort()))
    page.set_input_files("#picker", COFFEE)
    expect(page.locator(".failure-text")).to_contain_text("cannot be reached")

    page.unroute("**/v1/predict")
    page.locator(".retry").click()

    expect_result(page)


def test_a_service_that_does_not_answer_is_said_to_be_late(open_page: Open):
    # The browser's own timer cannot be turned forward, so it is made short.
    shorten = """Object.defineProperty(XMLHttpRequest.prototype, "timeout", {
      set(ms) { setTimeout(() => { this.ontimeout(); this.abort(); }, ms / 100); },
    })"""

    def before(page: Page) -> None:
        page.add_init_script(shorten)
        page.route("**/v1/predict", lambda _route: None)  # never answered

    page = open_page(before)
    page.set_input_files("#picker", COFFEE)

    expect(page.locator(".failure-text")).to_contain_text("did not answer in time")
    expect(page.locator(".retry")).to_be_visible()


def test_a_busy_service_is_asked_again_after_the_time_it_named(open_page: Open):
    answers = iter([503, None])

    def busy_once(route: Route) -> None:
        if next(answers):
            problem(route, 503, "too_many_requests", "Busy.", **{"retry-after": "1"})
        else:
            route.continue_()

    page = open_page(lambda page: page.route("**/v1/predict", busy_once))
    page.set_input_files("#picker", COFFEE)

    expect_result(page)


def test_a_login_page_in_between_is_not_taken_for_the_service(open_page: Open):
    login = "<!doctype html><title>Hotel</title>"
    page = open_page(lambda page: page.route("**/v1/**", lambda route: route.fulfill(body=login)))

    page.set_input_files("#picker", COFFEE)

    expect(page.locator(".failure-text")).to_contain_text("cannot be reached")
    expect(page.locator("#offline")).to_be_visible()


def test_a_service_that_is_down_is_said_to_be_down_until_it_answers(open_page: Open):
    page = open_page(lambda page: page.route("**/v1/health", lambda route: route.abort()))
    expect(page.locator("#offline")).to_be_visible()

    page.unroute("**/v1/health")
    page.locator("#wake").click()

    expect(page.locator("#offline")).to_be_hidden()


def test_a_cold_start_shows_an_estimate_learnt_from_earlier_ones(open_page: Open):
    routes: list[Route] = []

    def before(page: Page) -> None:
        page.add_init_script("localStorage.setItem('wake-times-ms', '[7000, 7200, 300]')")
        hold(page, "**/v1/health", routes)

    page = open_page(before)

    expect(page.locator("#waking")).to_contain_text("Waking up the service, about 7 s")
    routes[0].continue_()
    expect(page.locator("#waking")).to_be_hidden()


def test_a_slow_start_is_remembered_for_the_next_estimate(open_page: Open):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, "**/v1/health", routes))
    expect(page.locator("#waking")).to_be_visible()

    routes[0].continue_()

    expect(page.locator("#waking")).to_be_hidden()
    (took_ms,) = page.evaluate("JSON.parse(localStorage.getItem('wake-times-ms'))")
    assert took_ms > 400


def test_a_stand_in_model_is_announced(open_page: Open, cloud: Cloud):
    models = requests.get(f"{cloud.url}/v1/models", timeout=LIMIT_S).json()
    models["models"][0]["stands_in_for"] = "resnet50"
    page = open_page(
        lambda page: page.route("**/v1/models", lambda route: route.fulfill(json=models))
    )

    expect(page.locator("#notice")).to_have_text(
        "The weights of resnet50 could not be had, so efficientnet-lite0 answers in its place."
    )


def test_the_curl_line_does_what_the_page_did(open_page: Open, cloud: Cloud, tmp_path: Path):
    if not shutil.which("curl"):
        skip_or_fail("no curl; apt install curl")
    photo = tmp_path / "my cup's photo.png"
    shutil.copy(COFFEE, photo)
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=cloud.url)
    page.set_input_files("#picker", photo)
    expect_result(page)

    page.locator("summary").click()
    page.locator(".copy").click()
    expect(page.locator(".copy")).to_have_text("Copied")
    line = page.evaluate("navigator.clipboard.readText()")

    completed = subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True, capture_output=True)
    assert json.loads(completed.stdout)["predictions"][0]["label"] == "espresso"


def test_what_was_sent_can_be_saved(open_page: Open, tmp_path: Path):
    page = open_page()
    page.locator("#samples button").first.click()
    expect_result(page)
    page.locator("summary").click()

    with page.expect_download() as download:
        page.locator(".save").click()

    assert download.value.suggested_filename == "hot_air_balloon.png"
    download.value.save_as(tmp_path / "saved.png")
    sample = Path(__file__).parents[2] / "web" / "samples" / "hot_air_balloon.png"
    assert (tmp_path / "saved.png").read_bytes() == sample.read_bytes()
