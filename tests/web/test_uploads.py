"""A photo too large for a request: uploaded as it is, and answered when its turn comes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.conftest import Cloud, aws_endpoint
from tests.image_classifier.images import encode
from tests.web.conftest import Open
from tests.web.page import COFFEE, expect_result, hold, problem

STATE = "**/v1/predictions/*"


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """Addresses that the page uploads to."""
    return f"{aws_endpoint(cloud)}/**"


def noisy_coffee(width: int, kind: str) -> bytes:
    """A photo that no format makes small."""
    pixels = np.asarray(Image.open(COFFEE).convert("RGB").resize((width, width * 2 // 3)))
    noise = np.random.default_rng(0).integers(-40, 41, pixels.shape, np.int16)
    noisy = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
    return encode(noisy, kind, **({"quality": 95} if kind == "JPEG" else {}))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo little larger than a request may be."""
    file = tmp_path_factory.mktemp("large") / "large.jpg"
    file.write_bytes(noisy_coffee(3300, "JPEG"))
    assert 4_500_000 < file.stat().st_size < 7_000_000
    return file


def queued(route: Route) -> None:
    """A worker that does not come to it."""
    body = {"id": "x", "status": "queued", "created_at": "2026-01-01T00:00:00Z"}
    route.fulfill(json=body, headers={"retry-after": "1"})


@pytest.mark.parametrize(("width", "kind", "megabytes"), [(5000, "JPEG", 12), (3900, "TIFF", 30)])
def test_is_sent_unscaled_and_answered_like_any_other(
    open_page: Open, tmp_path: Path, width: int, kind: str, megabytes: int
):
    photo = tmp_path / f"coffee.{kind.lower()}"
    photo.write_bytes(noisy_coffee(width, kind))
    assert photo.stat().st_size > megabytes * 1_000_000
    announced: list[int] = []
    page = open_page()
    page.on(
        "request",
        lambda r: announced.append(r.post_data_json["bytes"]) if "uploads" in r.url[-9:] else None,
    )

    page.set_input_files("#picker", photo)

    expect_result(page)
    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.locator(".copied")).to_be_hidden()
    expect(page.locator("summary")).to_be_hidden()  # no request of a terminal takes it
    assert announced == [photo.stat().st_size]
    page.locator(".right").click()
    expect(page.locator(".thanks")).to_be_visible()


def test_an_upload_can_be_aborted_and_taken_up_again(open_page: Open, large: Path, bucket: str):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, bucket, routes))
    page.set_input_files("#picker", large)
    expect(page.locator(".busy-text")).to_contain_text("Uploading")

    with page.expect_event("requestfailed"):
        page.locator(".stop").click()
    expect(page.locator(".failure-text")).to_have_text("The upload was cancelled.")

    page.unroute(bucket)
    page.locator(".retry").click()
    expect_result(page)


def test_an_upload_that_breaks_off_can_be_retried(open_page: Open, large: Path, bucket: str):
    page = open_page(lambda page: page.route(bucket, lambda route: route.abort()))
    page.set_input_files("#picker", large)
    expect(page.locator(".failure-text")).to_contain_text("broke off")

    page.unroute(bucket)
    page.locator(".retry").click()

    expect_result(page)


def test_an_upload_that_never_came_has_expired(open_page: Open, large: Path, bucket: str, dynamodb):
    def lose(route: Route) -> None:
        route.fulfill(status=204, headers={"access-control-allow-origin": "*"})

    def let_time_pass(route: Route) -> None:
        dynamodb.Table("PredictionsTable").update_item(
            Key={"id": route.request.url.rpartition("/")[2]},
            UpdateExpression="SET upload_until = :past",
            ExpressionAttributeValues={":past": datetime(2020, 1, 1, tzinfo=UTC).isoformat()},
        )
        route.continue_()

    def before(page: Page) -> None:
        page.route(bucket, lose)
        page.route(STATE, let_time_pass)

    page = open_page(before)
    page.set_input_files("#picker", large)
    expect(page.locator(".failure-text")).to_contain_text("did not arrive in time")

    page.unroute_all()
    page.locator(".retry").click()

    expect_result(page)


def test_a_form_that_is_used_too_late_is_had_anew(open_page: Open, large: Path, bucket: str):
    denied = {"status": 403, "headers": {"access-control-allow-origin": "*"}}
    page = open_page(lambda page: page.route(bucket, lambda route: route.fulfill(**denied)))
    page.set_input_files("#picker", large)
    expect(page.locator(".failure-text")).to_contain_text("time for this upload has passed")

    page.unroute(bucket)
    page.locator(".retry").click()

    expect_result(page)


def test_the_bucket_refuses_another_size_than_was_announced(open_page: Open, large: Path):
    def announce_less(route: Route) -> None:
        photo = route.request.post_data_json
        route.continue_(post_data=json.dumps({**photo, "bytes": photo["bytes"] - 1}))

    page = open_page(lambda page: page.route("**/v1/uploads", announce_less))
    page.set_input_files("#picker", large)

    expect(page.locator(".failure-text")).to_contain_text("refused for its size")
    expect(page.locator(".retry")).to_be_hidden()


def test_a_photo_that_cannot_be_classified_has_the_problems_code(open_page: Open, tmp_path: Path):
    damaged = tmp_path / "damaged.tiff"
    damaged.write_bytes(b"II*\0" + bytes(5_000_000))
    page = open_page()
    page.set_input_files("#picker", damaged)

    expect(page.locator(".failure-text")).to_contain_text("(image_damaged)")
    expect(page.locator(".retry")).to_be_hidden()


def test_a_slow_worker_is_waited_for(open_page: Open, large: Path):
    def before(page: Page) -> None:
        page.clock.install()
        page.route(STATE, queued)

    page = open_page(before, alone=True)  # the clock is its context's
    page.set_input_files("#picker", large)
    expect(page.locator(".busy-text")).to_have_text("Waiting for its turn…")

    page.clock.fast_forward(20_000)
    expect(page.locator(".busy-text")).to_contain_text("Still waiting")
    page.unroute(STATE)
    page.clock.fast_forward(30_000)

    expect_result(page)


def test_questions_that_get_no_answer_do_not_lose_the_photo(open_page: Open, large: Path):
    answers = iter(["lost", "busy"])

    def fail_twice(route: Route) -> None:
        match next(answers, None):
            case "lost":
                route.abort()
            case "busy":
                problem(route, 503, "store_unavailable", "Busy.", **{"retry-after": "1"})
            case _:
                route.continue_()

    page = open_page(lambda page: page.route(STATE, fail_twice))
    page.set_input_files("#picker", large)

    expect_result(page)


def test_waiting_outlives_a_reload_and_can_be_stopped(open_page: Open, large: Path):
    page = open_page(lambda page: page.route(STATE, queued))
    page.set_input_files("#picker", large)
    expect(page.locator(".busy-text")).to_have_text("Waiting for its turn…")

    page.reload()
    expect(page.locator(".busy-text")).to_have_text("Waiting for its turn…")
    expect(page.locator("figcaption")).to_contain_text("large.jpg")
    page.locator(".stop").click()
    expect(page.locator(".failure-text")).to_contain_text("You stopped waiting")
    page.unroute(STATE)
    page.locator(".retry").click()

    expect_result(page)


def test_an_answer_that_is_kept_no_longer_is_said_to_be_gone(open_page: Open):
    unknown = [
        {"id": "1", "name": "old.jpg", "prediction": "0" * 32, "feedback": {"state": "none"}}
    ]
    script = f"sessionStorage.setItem('session', '{json.dumps(unknown)}')"

    page = open_page(lambda page: page.add_init_script(script))

    expect(page.locator(".failure-text")).to_contain_text("kept for 7 days")
    expect(page.locator(".retry")).to_be_hidden()
