"""How photos get to the page, and what becomes of each before the service sees it."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.image_classifier.images import encode
from tests.web.conftest import Open
from tests.web.page import CAT, COFFEE, ROCKET, drop, expect_result, hold, paste


def test_the_picker_takes_a_photo_and_bars_show_the_top_five(open_page: Open, screenshots: Path):
    page = open_page()
    page.screenshot(path=screenshots / "empty.png")

    page.set_input_files("#picker", COFFEE)

    expect_result(page)
    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.locator(".bars li").first).to_contain_text("%")
    expect(page.locator("#announcer")).to_contain_text("espresso")
    expect(page.locator("#model")).to_contain_text("efficientnet-lite0")
    # The bars grow; disabled, they are as long as they get.
    page.screenshot(path=screenshots / "result.png", full_page=True, animations="disabled")


def test_no_class_is_shown_as_certain_or_impossible(open_page: Open):
    scores = [0.997, 0.0023, 0.0006, 0.0001, 0.0]

    def answer(route: Route) -> None:
        predictions = [
            {"label": f"class {place}", "wnid": None, "score": score}
            for place, score in enumerate(scores)
        ]
        model = {"name": "m", "version": "0123456789ab"}
        body = {"prediction_id": "receipt", "model": model, "predictions": predictions}
        route.fulfill(status=200, json=body)

    page = open_page(lambda page: page.route("**/v1/predict", answer))

    page.set_input_files("#picker", COFFEE)

    shares = page.locator(".bars .share")
    expect(shares).to_have_text(["> 99%", "0.2%", "< 0.1%", "< 0.1%", "< 0.1%"])


def test_the_header_names_the_service(open_page: Open):
    page = open_page()
    expect(page.locator("header .name")).to_have_text("Image classifier")

    page.select_option("#language", "es")

    expect(page.locator("header .name")).to_have_text("Clasificador de imágenes")


def test_a_dropped_photo_is_classified(open_page: Open):
    page = open_page()

    drop(page, CAT)

    expect_result(page)


def test_a_pasted_photo_is_classified(open_page: Open):
    page = open_page()

    paste(page, CAT)

    expect_result(page)


def test_several_photos_each_have_their_place_in_the_session(open_page: Open):
    page = open_page()
    page.set_input_files("#picker", [CAT, COFFEE, ROCKET])
    expect(page.locator("#thumbnails li[data-status=done]")).to_have_count(3)

    page.get_by_role("button", name="coffee.png").click()

    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.get_by_role("button", name="coffee.png")).to_have_attribute("aria-current", "true")


def test_two_photos_are_sent_at_a_time_and_the_rest_wait(open_page: Open):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, "**/v1/predict", routes))

    page.set_input_files("#picker", [CAT, COFFEE, ROCKET])

    photos = page.locator("#thumbnails li")
    expect(photos.filter(has_text="Uploading")).to_have_count(2)
    expect(photos.filter(has_text="Waiting…")).to_have_count(1)
    assert len(routes) == 2
    routes[0].continue_()
    expect(photos.filter(has_text="Waiting…")).to_have_count(0)
    expect(photos.filter(has_text="Uploading")).to_have_count(2)


def test_an_upload_can_be_cancelled_and_taken_up_again(open_page: Open):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, "**/v1/predict", routes))
    page.set_input_files("#picker", COFFEE)
    expect(page.locator(".busy-text")).to_contain_text("Uploading")

    with page.expect_event("requestfailed") as aborted:
        page.locator(".stop").click()
    assert aborted.value.url.endswith("/v1/predict")
    expect(page.locator(".failure-text")).to_have_text("The upload was cancelled.")

    page.unroute("**/v1/predict")
    page.locator(".retry").click()
    expect(page.locator(".card .best")).to_have_text("espresso")


def test_clearing_the_session_ends_what_is_under_way(open_page: Open):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, "**/v1/predict", routes))
    page.set_input_files("#picker", [CAT, COFFEE, ROCKET])
    expect(page.locator("#thumbnails li[data-status=uploading]")).to_have_count(2)

    page.get_by_role("button", name="Clear").click()

    expect(page.locator("#history")).to_be_hidden()
    page.unroute("**/v1/predict")
    page.set_input_files("#picker", COFFEE)
    expect_result(page)
    assert len(routes) == 2  # the photo that waited was never sent
    expect(page.locator("#thumbnails li")).to_have_count(1)


def test_the_session_outlives_a_reload_until_it_is_cleared(open_page: Open):
    page = open_page()
    page.set_input_files("#picker", COFFEE)
    expect_result(page)

    page.reload()
    expect_result(page)
    expect(page.locator("#thumbnails img")).to_have_attribute("src", re.compile("^data:image/"))
    page.get_by_role("button", name="Clear").click()

    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#history")).to_be_hidden()


def test_a_damaged_session_is_forgotten(open_page: Open):
    page = open_page(
        lambda page: page.add_init_script("sessionStorage.setItem('session', '[{\"id\": 1}]')")
    )

    page.set_input_files("#picker", COFFEE)

    expect_result(page)


def test_every_sample_drawing_is_recognised(open_page: Open):
    labels = ["balloon", "soccer ball", "strawberry", "analog clock", "umbrella", "candle"]
    page = open_page()

    for sample, label in zip(page.locator("#samples button").all(), labels, strict=True):
        sample.click()
        expect(page.locator(".card .best")).to_have_text(label)


def without_uploads(page: Page) -> None:
    config = 'export const API_BASE = ""; export const UPLOADS = false;'
    fulfil = {"content_type": "text/javascript", "body": config}
    page.route("**/config.js", lambda route: route.fulfill(**fulfil))


def test_where_uploads_are_off_a_large_photo_is_scaled_down_and_the_page_says_so(
    open_page: Open, tmp_path: Path
):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    large = tmp_path / "large.png"
    large.write_bytes(encode(Image.fromarray(noise), "PNG"))
    assert large.stat().st_size > 4_500_000
    page = open_page(without_uploads)
    bodies: list[bytes | None] = []
    page.on("request", lambda r: bodies.append(r.post_data_buffer) if r.method == "POST" else None)

    page.set_input_files("#picker", large)

    expect_result(page)
    expect(page.locator(".card .copied")).to_contain_text("Scaled down from 6.8 MB to")
    assert len(bodies[0] or b"") <= 4_500_000


def test_a_format_only_the_browser_reads_is_sent_as_a_jpeg_copy(open_page: Open, tmp_path: Path):
    avif = tmp_path / "coffee.avif"
    avif.write_bytes(encode(Image.open(COFFEE).convert("RGB"), "AVIF"))
    page = open_page()

    page.set_input_files("#picker", avif)

    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.locator(".card .copied")).to_contain_text("Sent as a JPEG copy")


def test_a_turned_photo_is_shown_upright(open_page: Open, tmp_path: Path):
    wide = Image.open(COFFEE).convert("RGB").resize((600, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(encode(wide.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif))
    page = open_page()

    page.set_input_files("#picker", turned)

    expect_result(page)
    size = "image => [image.naturalWidth, image.naturalHeight]"
    assert page.locator(".card .preview").evaluate(size) == [600, 400]
    assert page.locator("#thumbnails img").evaluate(size) == [320, 213]  # drawn as a copy would be
    expect(page.locator(".card .best")).to_have_text("espresso")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("IMG_1.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("notes.jpg", b"these are words", "not a picture the browser can open"),
        ("empty.png", b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_plain_sentence(
    open_page: Open, tmp_path: Path, name: str, content: bytes, sentence: str
):
    (tmp_path / name).write_bytes(content)
    page = open_page()

    page.set_input_files("#picker", tmp_path / name)

    expect(page.locator(".failure-text")).to_contain_text(sentence)
    expect(page.locator(".retry")).to_be_hidden()


def test_a_tiff_is_sent_although_the_browser_cannot_show_it(open_page: Open, tmp_path: Path):
    tiff = tmp_path / "coffee.tiff"
    tiff.write_bytes(encode(Image.open(COFFEE).convert("RGB").resize((300, 200)), "TIFF"))
    page = open_page()

    page.set_input_files("#picker", tiff)

    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.locator("figcaption")).to_contain_text("cannot show this format")


def test_a_bitmap_of_one_pixel_is_classified(open_page: Open, tmp_path: Path):
    pixel = tmp_path / "pixel.bmp"
    pixel.write_bytes(encode(Image.new("RGB", (1, 1), "red"), "BMP"))
    page = open_page()

    page.set_input_files("#picker", pixel)

    expect_result(page)
