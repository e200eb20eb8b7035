"""A collection's report in a real browser: a file that asks nobody, read by anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from image_collections.report import write_report
from infra.commands.collection.folder import FolderOutput
from tests.collection_fakes import row, shards_of
from tests.web.conftest import DESKTOP, PHONE, Open

PHOTOS = 10_000


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    output = FolderOutput(folder)
    rows = [row(f"a/{i:05}.jpg", f"class {i % 40}", i * 37 % 1000 / 1000) for i in range(PHOTOS)]
    rows.append(row("</script>.jpg", code="image_damaged"))
    write_report(shards_of(rows, output, size=100), output, "Photos", min_score=0.5)
    return folder / "report.html"


@pytest.fixture(
    params=[DESKTOP, PHONE | {"color_scheme": "dark"}], ids=["desktop", "phone in the dark"]
)
def page(new_tab: Open, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = new_tab("file://", **request.param)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url))
    page.goto(report.as_uri())
    yield page
    page.close()
    foreign = [text for text in complaints if not text.startswith(("file:", "data:"))]
    assert not foreign


def test_it_is_accessible(page: Page):
    for details in page.locator("details").all():
        details.locator("summary").click()

    assert [each["id"] for each in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_photos_are_looked_through_page_by_page_the_least_sure_first(page: Page):
    expect(page.locator("#grid li")).to_have_count(60)
    expect(page.get_by_role("status")).to_have_text("1 to 60 of 10,000, least sure first")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("status")).to_contain_text("61 to 120")
    page.get_by_role("combobox").select_option(label="class 3 (250)")
    expect(page.get_by_role("status")).to_contain_text("of 250")
    page.get_by_role("combobox").select_option(label="Unsure")
    expect(page.get_by_role("status")).to_contain_text("of 5,000")
    expect(page.locator("#grid li").first).to_contain_text("0%, unsure")
