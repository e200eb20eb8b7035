"""A folder of photos: classified four at a time, filtered, and saved as CSV."""

import csv
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, Route, expect

from tests.conftest import LIMIT_S, ROOT
from tests.image_classifier.images import encode
from tests.web.conftest import PHONE, Open
from tests.web.page import COFFEE, ROCKET, hold, problem
from tests.web.test_access import violations

PREDICT = "**/v1/predict"
STRAWBERRY = ROOT / "web" / "samples" / "strawberry.png"
COUNT_ADDRESSES = """
  self.addresses = 0;
  for (const [name, step] of [["createObjectURL", 1], ["revokeObjectURL", -1]]) {
    const original = URL[name];
    URL[name] = (value) => ((self.addresses += step), original.call(URL, value));
  }
"""


def make_folder(folder: Path, count: int) -> Path:
    """Small photos of three things in turn, and what is none."""
    small = [
        encode(Image.open(photo).convert("RGB").resize((96, 64)), "JPEG")
        for photo in (COFFEE, ROCKET, STRAWBERRY)
    ]
    (folder / "inner").mkdir(parents=True)
    for index in range(count):
        (folder / "inner" / f"{index:03}.jpg").write_bytes(small[index % 3])
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(small[0])
    return folder


def expect_end(page: Page, text: str) -> None:
    expect(page.locator("#folder-text")).to_have_text(text, timeout=4 * LIMIT_S * 1000)
    expect(page.locator("#folder-progress")).to_be_hidden()


def shown(page: Page) -> int:
    return page.locator("#folder-rows tr:not([hidden])").count()


def test_the_table_speaks_the_language_that_is_chosen(open_page: Open, tmp_path: Path):
    page = open_page()
    page.set_input_files("#folder-picker", make_folder(tmp_path / "album", 3))
    expect_end(page, "3 of 3 photos classified")

    page.select_option("#language", "es")

    expect(page.locator("#folder-text")).to_have_text("3 de 3 fotos clasificadas")
    expect(page.locator("#folder-filter option").first).to_have_text("Todas (3)")


def test_200_photos_fill_the_table_and_can_be_filtered_and_saved(open_page: Open, tmp_path: Path):
    folder = make_folder(tmp_path / "album", 198)
    (folder / "=cmd().jpg").write_bytes((folder / "inner" / "002.jpg").read_bytes())
    (folder / "damaged.png").write_bytes(b"\x89PNG and no more")
    running: set[Request] = set()
    most: list[int] = []

    def began(request: Request) -> None:
        if request.url.endswith("/v1/predict"):
            running.add(request)
            most.append(len(running))

    page = open_page()
    page.on("request", began)
    page.on("requestfinished", lambda request: running.discard(request))  # noqa: PLW0108  # as in page.hold
    page.set_input_files("#folder-picker", folder)
    expect_end(page, "199 of 200 photos classified, 1 failed")

    assert max(most) == 4
    assert shown(page) == 200
    images = page.locator("#folder-rows img:not([hidden])")
    expect(images).to_have_count(199)
    label = page.locator("#folder-rows .label").first.inner_text()
    page.select_option("#folder-filter", f"class {label}")
    assert shown(page) >= 67
    page.select_option("#folder-filter", "failed")
    expect(page.locator("#folder-rows tr:not([hidden]) .path")).to_have_text("album/damaged.png")
    page.fill("#folder-threshold", "100")
    page.select_option("#folder-filter", "unsure")
    assert shown(page) == 199
    page.fill("#folder-threshold", "0")
    expect(page.locator("#folder-rows tr:not([hidden])")).to_have_count(0)

    with page.expect_download() as download:
        page.locator("#folder-csv").click()
    assert download.value.suggested_filename == "album.csv"
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows[:2]] == ["album/=cmd().jpg", "album/damaged.png"]
    assert len(rows) == 200
    assert (rows[0]["label"], rows[0]["unsure"]) == (label, "false")
    assert rows[1]["error"] == "undecodable"


def test_no_cell_begins_a_formula(open_page: Open):
    cells = ["=1+1", "+1", "-1", "@x", "\t=1", 'a"\n=1', "＝1", "a,b", -1]
    text = open_page().evaluate("async (row) => (await import('./csv.js')).csv([row])", cells)

    (row,) = csv.reader([text.removeprefix("\ufeff")])

    assert row == ["'=1+1", "'+1", "'-1", "'@x", "\t'=1", "a\"\n'=1", "'＝1", "a,b", "-1"]


def test_a_dropped_folder_is_read_to_its_depths(open_page: Open, tmp_path: Path):
    folder = make_folder(tmp_path / "album", 3)
    page = open_page()
    client = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}

    for step in ("dragEnter", "dragOver", "drop"):
        event = {"type": step, "x": 400, "y": 300, "data": data}
        client.send("Input.dispatchDragEvent", event)

    expect_end(page, "3 of 3 photos classified")
    expect(page.locator("#folder-title")).to_have_text("album")


@pytest.mark.parametrize(("status", "headers"), [(503, {"retry-after": "1"}), (429, {})])
def test_a_busy_service_is_asked_again(
    open_page: Open, tmp_path: Path, status: int, headers: dict[str, str]
):
    answers = iter([status, status])

    def busy_twice(route: Route) -> None:
        if next(answers, None):
            problem(route, status, "too_many_requests", "Busy.", **headers)
        else:
            route.continue_()

    page = open_page(lambda page: page.route(PREDICT, busy_twice))
    page.set_input_files("#folder-picker", make_folder(tmp_path / "album", 3))

    expect_end(page, "3 of 3 photos classified")


def test_a_run_can_be_stopped_gone_on_with_and_cleared(open_page: Open, tmp_path: Path):
    routes: list[Route] = []

    def before(page: Page) -> None:
        page.add_init_script(COUNT_ADDRESSES)
        hold(page, PREDICT, routes)

    page = open_page(before)
    album = make_folder(tmp_path / "album", 6)
    page.set_input_files("#folder-picker", album)
    expect(page.locator("#folder-rows img:not([hidden])")).to_have_count(4)

    page.locator("#folder-run").click()
    expect(page.locator("#folder-run")).to_have_text("Go on")
    expect_end(page, "0 of 6 photos classified")
    page.unroute(PREDICT)
    page.locator("#folder-run").click()
    expect_end(page, "6 of 6 photos classified")
    assert page.evaluate("self.addresses") == 6
    hold(page, PREDICT, routes)
    page.set_input_files("#folder-picker", album)
    expect(page.locator("#folder-rows img:not([hidden])")).to_have_count(4)
    page.locator("#folder-clear").click()  # while it runs

    expect(page.locator("#folder")).to_be_hidden()
    assert page.evaluate("self.addresses") == 0


def test_a_folder_without_photos_is_said_to_have_none(open_page: Open, tmp_path: Path):
    page = open_page()
    page.set_input_files("#folder-picker", make_folder(tmp_path / "album", 0))

    expect(page.locator("#folder-empty")).to_be_visible()
    expect(page.locator("#folder-csv")).to_be_hidden()


def test_of_more_than_500_photos_the_first_are_taken(open_page: Open, tmp_path: Path):
    page = open_page(lambda page: hold(page, PREDICT, []))
    page.set_input_files("#folder-picker", make_folder(tmp_path / "album", 501))

    expect(page.locator("#folder-first")).to_contain_text("more than 500")
    expect(page.locator("#folder-rows tr")).to_have_count(500)
    expect(page.locator("#folder-rows .path").last).to_have_text("album/inner/499.jpg")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scrolling(
    open_page: Open, tmp_path: Path, screenshots: Path, scheme: str
):
    folder = make_folder(tmp_path / ("album" * 10), 6)
    (folder / "damaged.png").write_bytes(b"\x89PNG and no more")
    page = open_page(color_scheme=scheme, locale="es-ES")
    page.set_input_files("#folder-picker", folder)
    expect_end(page, "6 de 7 fotos clasificadas, 1 con error")
    results = {"wide": violations(page)}
    page.screenshot(path=screenshots / f"folder-{scheme}.png", full_page=True)

    page.set_viewport_size(PHONE["viewport"])
    results["narrow"] = violations(page)
    page.screenshot(path=screenshots / f"folder-{scheme}-phone.png", full_page=True)

    assert results == {"wide": [], "narrow": []}
    assert page.evaluate("document.documentElement.scrollWidth") == 390
