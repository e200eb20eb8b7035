"""The documentation in a real browser, under the policy it states."""

import pytest

from tests.web.conftest import Open


@pytest.mark.parametrize("path", ["v1/docs", "v2/docs", "v2/models/iris/docs"])
def test_lists_the_routes_and_tries_one(open_page: Open, path: str):
    page = open_page(path=path)  # complaints about a policy fail the test

    page.locator(".opblock-get .opblock-summary-control").last.click()
    page.get_by_role("button", name="Try it out").click()
    for field in page.locator("tr:has(.parameter__name.required) input[type=text]").all():
        field.fill("0123456789ab")
    page.get_by_role("button", name="Execute", exact=True).click()

    page.locator(".live-responses-table .response-col_status").first.wait_for()
