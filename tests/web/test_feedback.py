"""Right or wrong, the true label, a comment: from the page to the item in DynamoDB."""

from decimal import Decimal
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.conftest import LIMIT_S, Cloud
from tests.web.conftest import Open
from tests.web.page import COFFEE, expect_result, hold, problem

COMMENT = "<b>It's</b> café & crème"


def classified(page: Page) -> str:
    """Classify the photo of a coffee; the prediction's id."""
    page.set_input_files("#picker", COFFEE)
    expect_result(page)
    (entry,) = page.evaluate("JSON.parse(sessionStorage.session)")
    prediction_id: str = entry["result"]["prediction_id"]
    return prediction_id


@pytest.fixture
def stored(dynamodb):
    """All feedback in the local DynamoDB."""

    def items() -> list[dict[str, Any]]:
        return dynamodb.Table("FeedbackTable").scan(ConsistentRead=True)["Items"]

    return items


def test_wrong_then_the_true_label_ends_up_in_dynamodb(open_page: Open, cloud: Cloud, stored):
    page = open_page()
    classified(page)
    before = {item["nonce"] for item in stored()}

    page.locator(".wrong").click()
    page.get_by_role("combobox", name="What does it show?").press_sequentially("coffee m")
    page.locator(".card").get_by_role("option", name="coffee mug").click()
    page.get_by_role("textbox", name="Comment").fill(COMMENT)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".thanks")).to_contain_text("coffee mug")

    (item,) = [item for item in stored() if item["nonce"] not in before]
    assert item["predicted_label"] == "espresso"
    assert item["correct"] is False
    assert item["true_label"] == "coffee mug"
    assert item["true_wnid"] == "n03063599"
    assert item["comment"] == COMMENT
    assert isinstance(item["score"], Decimal)
    version = {"model_version": item["model_version"]}
    address = f"{cloud.url}/v1/feedback/summary"
    summary = requests.get(address, params=version, timeout=LIMIT_S).json()
    pairs = [(pair["predicted"], pair["actual"]) for pair in summary["confusions"]]
    assert ("espresso", "coffee mug") in pairs


def test_a_changed_answer_replaces_the_first(open_page: Open, stored):
    page = open_page()
    classified(page)
    before = {item["nonce"] for item in stored()}
    page.locator(".right").click()

    page.locator(".change").click()
    page.locator(".wrong").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".thanks")).to_be_visible()

    (item,) = [item for item in stored() if item["nonce"] not in before]
    assert item["correct"] is False
    assert "true_label" not in item


def test_an_answer_outlives_a_reload(open_page: Open):
    page = open_page()
    classified(page)
    page.locator(".right").click()
    expect(page.locator(".thanks")).to_be_visible()

    page.reload()

    expect(page.locator(".thanks")).to_be_visible()


def test_pressing_twice_sends_once(open_page: Open):
    routes: list[Route] = []
    page = open_page(lambda page: hold(page, "**/v1/feedback", routes))
    prediction_id = classified(page)

    page.locator(".right").dblclick()
    expect(page.locator(".right")).to_have_attribute("aria-disabled", "true")
    page.locator(".wrong").click(force=True)  # a person's mouse does not ask either
    routes[0].continue_()
    expect(page.locator(".thanks")).to_be_visible()

    assert [route.request.post_data_json for route in routes] == [
        {"prediction_id": prediction_id, "correct": True}
    ]


def test_feedback_that_failed_is_sent_again_as_it_was(open_page: Open):
    bodies: list[Any] = []

    def fail_once(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        if len(bodies) == 1:
            problem(route, 503, "store_unavailable", "The feedback store cannot answer now.")
        else:
            route.continue_()

    page = open_page(lambda page: page.route("**/v1/feedback", fail_once))
    classified(page)
    page.locator(".wrong").click()
    page.locator("textarea").fill("A cup.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".feedback-failure")).to_contain_text("The feedback store cannot answer")

    page.locator(".feedback-retry").click()

    expect(page.locator(".thanks")).to_be_visible()
    assert bodies[0] == bodies[1]
    assert bodies[0]["comment"] == "A cup."


def test_a_busy_store_is_asked_again_by_itself(open_page: Open):
    answers = iter([503, None])

    def busy_once(route: Route) -> None:
        if next(answers):
            problem(route, 503, "store_unavailable", "Busy.", **{"retry-after": "1"})
        else:
            route.continue_()

    page = open_page(lambda page: page.route("**/v1/feedback", busy_once))
    classified(page)

    page.locator(".right").click()

    expect(page.locator(".thanks")).to_be_visible()


def test_names_and_synonyms_are_suggested(open_page: Open):
    page = open_page()
    classified(page)
    page.locator(".wrong").click()
    field = page.get_by_role("combobox", name="What does it show?")
    options = page.locator(".card").get_by_role("option")

    for typed, first in [
        ("mug", "coffee mug"),  # within a name
        ("domestic dog", None),  # nothing by that name
        ("cup", "cup"),  # the name itself, ahead of longer ones
        ("housefinch", None),
        ("linnet", "house finch"),  # a synonym
        ("espresso", "espresso maker"),  # never what was called wrong
    ]:
        field.clear()
        field.press_sequentially(typed)
        if first is None:
            expect(page.locator(".hint").first).to_have_text("Nothing by that name")
            expect(options).to_have_count(0)
        else:
            expect(options.first).to_contain_text(first)
            wrong = page.locator(".card").get_by_role("option", name="espresso", exact=True)
            expect(wrong).to_have_count(0)


def test_a_name_that_is_none_is_not_sent(open_page: Open):
    page = open_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    classified(page)
    page.locator(".wrong").click()
    page.keyboard.type("gizmo")
    expect(page.locator(".hint").first).to_have_text("Nothing by that name")

    page.get_by_role("button", name="Send").click()

    expect(page.locator(".hint").first).to_contain_text("Choose a name from the list")
    expect(page.get_by_role("combobox", name="What does it show?")).to_be_focused()
    assert not [url for url in urls if url.endswith("/v1/feedback")]


def test_names_that_did_not_load_are_asked_for_again(open_page: Open):
    page = open_page(lambda page: page.route("**/v1/labels", lambda route: route.abort()))
    classified(page)
    page.locator(".wrong").click()
    expect(page.locator(".hint").first).to_contain_text("cannot be reached")

    page.unroute("**/v1/labels")
    page.keyboard.type("mug")

    expect(page.locator(".card").get_by_role("option", name="coffee mug")).to_be_visible()
