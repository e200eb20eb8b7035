"""The page as it is published: from its hashed folder, with the headers it is stored with."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from infra.deploy.__main__ import main
from tests.conftest import ROOT, Cloud
from tests.deploy.aws import WHICH, deployed_stack
from tests.deploy.site import Site, published_site, serving
from tests.web.conftest import Open
from tests.web.page import COFFEE, expect_result, fill


@pytest.fixture(scope="module")
def published(cloud: Cloud) -> Iterator[Site]:
    site = published_site(cloud)
    with serving(site):
        with pytest.MonkeyPatch.context() as patch, deployed_stack(patch, site.url) as stack:
            assert main(["page", *WHICH, "--web", str(ROOT / "web")]) == 0
            site.fetch_objects(stack.bucket)
        yield site


@pytest.fixture
def page(new_tab: Open, published: Site) -> Iterator[Page]:
    """The published page, opened; it may not complain, and everything it asks for is there."""
    complaints: list[str] = []
    page = new_tab(published.url)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on(
        "response",
        lambda answer: complaints.append(answer.url) if answer.status >= 400 else None,
    )
    page.goto(published.url)
    yield page
    page.close()
    assert complaints == []


def test_a_photo_is_classified(page: Page):
    page.set_input_files("#picker", COFFEE)

    expect_result(page)
    expect(page.locator(".card .best")).to_have_text("espresso")


def test_the_samples_are_shown_and_classified(page: Page):
    images = page.locator("#samples img")
    expect(images).to_have_count(6)
    for index in range(6):
        images.nth(index).scroll_into_view_if_needed()
        expect(images.nth(index)).to_have_js_property("naturalWidth", 384)

    page.locator("#samples button").nth(2).click()

    expect_result(page)
    expect(page.locator(".card .best")).to_have_text("strawberry")


@pytest.mark.parametrize("path", ["iris.html", "flights.html"])
def test_the_small_pages_answer_and_lead_back(page: Page, published: Site, path: str):
    page.goto(f"{published.url}/{path}")
    fill(page)

    page.locator("[type=submit]").click()

    expect(page.locator("#label")).not_to_be_empty()
    page.get_by_role("link", name="Photos").click()
    expect(page.locator("#samples img")).to_have_count(6)


def test_the_curl_line_names_the_public_address(page: Page, published: Site):
    page.set_input_files("#picker", COFFEE)
    expect_result(page)
    page.locator(".card details summary").click()

    expect(page.locator(".card details code")).to_contain_text(f"{published.url}/v1/predict")
