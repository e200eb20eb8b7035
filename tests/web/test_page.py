"""What a person does with the page, in a real browser against the whole local cloud."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import requests
import skimage
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.conftest import Cloud
from tests.unit.images import encode
from tests.web.conftest import PHONE, Open

PHOTOS = Path(skimage.__file__).parent / "data"
CAT = PHOTOS / "chelsea.png"
COFFEE = PHOTOS / "coffee.png"

PASTE = """([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const event = new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
  document.body.dispatchEvent(event);
}"""
DROP = (
    PASTE.replace("ClipboardEvent", "DragEvent")
    .replace('"paste"', '"drop"')
    .replace("clipboardData", "dataTransfer")
)


def result(page: Page) -> None:
    expect(page.locator(".card .bars li")).to_have_count(5)


def as_argument(photo: Path) -> list[str]:
    return [photo.name, "image/png", base64.b64encode(photo.read_bytes()).decode()]


def problem(route: Route, status: int, code: str, detail: str, **headers: str) -> None:
    body = {"status": status, "code": code, "detail": detail}
    route.fulfill(
        status=status,
        headers={"content-type": "application/problem+json", **headers},
        body=json.dumps(body),
    )


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found]


def test_the_picker_takes_a_photo_and_bars_show_the_top_five(open_page: Open, screenshots: Path):
    page = open_page()
    page.screenshot(path=screenshots / "1-empty.png")

    page.set_input_files("#picker", COFFEE)

    result(page)
    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.locator(".bars li").first).to_contain_text("%")
    expect(page.locator("#announcer")).to_contain_text("espresso")
    expect(page.locator("#model")).to_contain_text("efficientnet-lite0")
    page.wait_for_timeout(600)  # the bars grow
    page.screenshot(path=screenshots / "2-result.png", full_page=True)


def test_a_dropped_photo_is_classified(open_page: Open):
    page = open_page()

    page.evaluate(DROP, as_argument(CAT))

    result(page)


def test_a_pasted_photo_is_classified(open_page: Open):
    page = open_page()

    page.evaluate(PASTE, as_argument(CAT))

    result(page)


def test_several_photos_each_have_their_place_in_the_session(open_page: Open):
    page = open_page()
    page.set_input_files("#picker", [CAT, COFFEE, PHOTOS / "rocket.jpg"])
    expect(page.locator("#thumbnails li[data-status=done]")).to_have_count(3)

    page.get_by_role("button", name="coffee.png").click()

    expect(page.locator(".card .best")).to_have_text("espresso")
    expect(page.get_by_role("button", name="coffee.png")).to_have_attribute("aria-current", "true")


def test_the_session_outlives_a_reload_until_it_is_cleared(open_page: Open):
    page = open_page()
    page.set_input_files("#picker", COFFEE)
    result(page)

    page.reload()
    result(page)
    expect(page.locator("#thumbnails img")).to_have_attribute("src", re.compile("^data:image/"))
    page.get_by_role("button", name="Clear").click()

    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#history")).to_be_hidden()


@pytest.mark.parametrize("sample", range(6))
def test_every_sample_drawing_is_recognised(open_page: Open, sample: int):
    expected = ["balloon", "soccer ball", "strawberry", "analog clock", "umbrella", "candle"]
    page = open_page()

    page.locator("#samples button").nth(sample).click()

    expect(page.locator(".card .best")).to_have_text(expected[sample])


def test_a_photo_over_the_limit_is_scaled_down_and_the_page_says_so(
    open_page: Open, tmp_path: Path
):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    large = tmp_path / "large.png"
    large.write_bytes(encode(Image.fromarray(noise), "PNG"))
    assert large.stat().st_size > 4_500_000
    page = open_page()

    page.set_input_files("#picker", large)

    result(page)
    expect(page.locator(".card .scaled")).to_contain_text("6.8")


def test_a_turned_photo_is_shown_upright(open_page: Open, tmp_path: Path):
    wide = Image.open(COFFEE).convert("RGB").resize((600, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(encode(wide.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif))
    page = open_page()

    page.set_input_files("#picker", turned)

    result(page)
    shown = page.locator(".card .preview").evaluate("i => [i.naturalWidth, i.naturalHeight]")
    assert shown == [600, 400]
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

    result(page)


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

    result(page)


def test_a_service_that_is_down_is_said_to_be_down_until_it_answers(open_page: Open):
    page = open_page(lambda page: page.route("**/v1/health", lambda route: route.abort()))
    expect(page.locator("#offline")).to_be_visible()

    page.unroute("**/v1/health")
    page.locator("#wake").click()

    expect(page.locator("#offline")).to_be_hidden()


def test_a_cold_start_shows_an_estimate_learnt_from_earlier_ones(open_page: Open):
    held: list[Route] = []

    def before(page: Page) -> None:
        page.add_init_script("localStorage.setItem('wake-times-ms', '[7000, 7200, 300]')")
        page.route("**/v1/health", lambda route: held.append(route))  # noqa: PLW0108

    page = open_page(before)

    expect(page.locator("#waking")).to_contain_text("Waking up the service, about 7 s")
    held[0].continue_()
    expect(page.locator("#waking")).to_be_hidden()


def test_a_stand_in_model_is_announced(open_page: Open, cloud: Cloud):
    models = requests.get(f"{cloud.url}/v1/models", timeout=30).json()
    models["models"][0]["stands_in_for"] = "resnet50"
    page = open_page(
        lambda page: page.route("**/v1/models", lambda route: route.fulfill(json=models))
    )

    expect(page.locator("#notice")).to_contain_text("resnet50")


def test_the_curl_line_does_what_the_page_did(open_page: Open, cloud: Cloud):
    page = open_page()
    page.set_input_files("#picker", COFFEE)
    result(page)

    page.locator("summary").click()

    expect(page.locator("pre code")).to_have_text(
        f"curl -H 'Content-Type: image/png' --data-binary '@coffee.png' {cloud.url}/v1/predict"
    )


def test_the_page_speaks_the_browsers_language_and_can_change_it(open_page: Open):
    page = open_page(locale="es-ES")
    expect(page.locator("h1")).to_have_text("¿Qué hay en la imagen?")
    assert page.locator("html").get_attribute("lang") == "es"
    page.set_input_files("#picker", COFFEE)
    expect(page.locator(".question")).to_have_text("¿Es correcto «espresso»?")

    page.select_option("#language", "en")
    expect(page.locator(".question")).to_have_text("Is “espresso” right?")
    page.reload()

    expect(page.locator("h1")).to_have_text("What is in the picture?")


def test_both_languages_have_every_sentence(open_page: Open):
    keys = open_page().evaluate(
        "async () => Object.values((await import('./messages.js')).MESSAGES).map(Object.keys)"
    )

    assert len(keys) == 2
    assert sorted(keys[0]) == sorted(keys[1])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, scheme: str, screenshots: Path):
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == []

    page.set_input_files("#picker", COFFEE)
    result(page)
    assert violations(page) == []
    page.locator(".wrong").click()
    page.keyboard.type("mug")
    expect(page.locator(".combobox [role=option]").first).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=screenshots / f"3-wrong-{scheme}.png", full_page=True)


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_needs_no_sideways_scrolling(open_page: Open, width: int, screenshots: Path):
    phone = PHONE | {"viewport": {"width": width, "height": 700}}
    page = open_page(**phone, color_scheme="dark")
    page.set_input_files("#picker", [CAT, COFFEE])
    result(page)
    page.locator(".wrong").click()

    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(page.get_by_text("Take a photo")).to_be_visible()
    page.screenshot(path=screenshots / f"4-phone-{width}.png", full_page=True)


def test_a_bitmap_of_one_pixel_is_classified(open_page: Open, tmp_path: Path):
    pixel = tmp_path / "pixel.bmp"
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "red").save(buffer, "BMP")
    pixel.write_bytes(buffer.getvalue())
    page = open_page()

    page.set_input_files("#picker", pixel)

    result(page)
