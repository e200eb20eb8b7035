"""The pages of iris and flight delay: a form, its answer, and what is wrong next to its field."""

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.conftest import LIMIT_S, Cloud
from tests.web.conftest import PHONE, Open
from tests.web.page import FLIGHT, fill, hold, problem
from tests.web.test_access import violations

PAGES = ["iris.html", "flights.html"]
FIRST_FIELD = {"iris.html": "#sepal_length", "flights.html": "#OPERA"}
ANSWERS = re.compile(r"/v1/(classify|flights/delay)")


def ask(page: Page) -> None:
    page.locator("[type=submit]").click()


def add_option(page: Page, field: str, value: str) -> None:
    """Have the page offer what the API does not know."""
    page.locator(field).evaluate("(select, value) => select.append(new Option(value))", value)
    page.select_option(field, value)


def test_four_measurements_get_the_species_and_its_confidence(open_page: Open):
    page = open_page(path="iris.html")
    fill(page)

    ask(page)

    expect(page.locator("#label")).to_have_text("Iris-virginica")
    expect(page.locator(".bars li")).to_have_text(re.compile(r"Confidence> 99%"))
    expect(page.get_by_role("status")).to_contain_text("Iris-virginica")


def test_an_example_fills_the_form_and_is_answered(open_page: Open):
    page = open_page(path="iris.html")

    page.locator("#examples button").first.click()

    expect(page.locator("#label")).to_have_text("Iris-setosa")
    expect(page.locator("#petal_width")).to_have_value("0.2")


@pytest.mark.parametrize(
    ("flight", "label"),
    [
        (FLIGHT | {"MES": 3}, "Not delayed by more than 15 minutes"),
        (FLIGHT | {"OPERA": "Air Canada", "MES": 7}, "Delayed by more than 15 minutes"),
    ],
)
def test_a_flight_gets_the_apis_probability_and_response(
    open_page: Open, cloud: Cloud, flight: dict[str, str | int], label: str
):
    answer = requests.post(f"{cloud.url}/v1/flights/delay", json=[flight], timeout=LIMIT_S).json()
    page = open_page(path="flights.html")
    for name, value in flight.items():
        page.select_option(f"#{name}", str(value))

    ask(page)

    expect(page.locator("#label")).to_have_text(label)
    (shown, _) = page.locator(".bars .share").all_text_contents()
    percent = answer["flights"][0]["probability"] * 100
    assert float(shown.removesuffix("%")) == pytest.approx(percent, abs=0.51)
    expect(page.locator("#threshold")).to_contain_text(f"{answer['threshold']:.0%}")


def test_the_optional_fields_may_be_left_out(open_page: Open):
    page = open_page(path="flights.html")
    fill(page)
    page.select_option("#DIANOM", "")
    page.select_option("#periodo_dia", "")

    ask(page)

    expect(page.locator("#label")).not_to_be_empty()


def test_how_well_the_models_do_is_what_the_api_says(open_page: Open, cloud: Cloud):
    metrics = requests.get(f"{cloud.url}/v1/models/flight-delay", timeout=LIMIT_S).json()["metrics"]

    expect(open_page(path="iris.html").locator("#facts")).to_contain_text("150 flowers")
    weak = open_page(path="flights.html").locator("#weak")
    expect(weak).to_contain_text(f"its AUC is {metrics['auc_three_inputs']:.2f}")
    on_time = round((1 - metrics["precision_three_inputs"]) * 100)
    expect(weak).to_contain_text(f"{on_time} leave on time")


@pytest.mark.parametrize("path", PAGES)
def test_what_is_missing_is_said_next_to_its_field_and_nothing_is_sent(open_page: Open, path: str):
    sent: list[Route] = []
    page = open_page(lambda page: hold(page, ANSWERS, sent), path=path)

    ask(page)

    field = page.locator(FIRST_FIELD[path])
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("Please fill this in.")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert sent == []


def test_what_the_api_refuses_of_a_flower_is_said_next_to_its_field(open_page: Open):
    page = open_page(path="iris.html")
    fill(page)
    for field in ("#sepal_width", "#petal_width"):
        page.fill(field, "40")
    ask(page)
    expect(page.locator("#sepal_width-hint")).to_have_text("Enter a number from 0 to 30.")

    page.locator("#form").evaluate(
        "form => [...form.elements].forEach((field) => field.removeAttribute('max'))"
    )
    ask(page)

    for name in ("sepal_width", "petal_width"):
        expect(page.locator(f"#{name}-hint")).to_have_text(
            "Input should be less than or equal to 30"
        )
    expect(page.locator("#sepal_width")).to_be_focused()
    expect(page.locator("#sepal_length-hint")).to_be_empty()
    expect(page.locator("#failure")).to_be_hidden()


def test_what_the_api_refuses_of_a_flight_is_said_next_to_its_field(open_page: Open):
    page = open_page(path="flights.html")
    fill(page)
    add_option(page, "#OPERA", "Iberica")
    add_option(page, "#TIPOVUELO", "X")

    ask(page)

    expect(page.locator("#OPERA-hint")).to_contain_text("the nearest: Iberia")
    expect(page.locator("#TIPOVUELO-hint")).to_have_text("'X' is none of I, N.")
    page.select_option("#OPERA", "Iberia")
    expect(page.locator("#OPERA-hint")).to_be_empty()
    expect(page.locator("#TIPOVUELO-hint")).not_to_be_empty()


@pytest.mark.parametrize("path", PAGES)
def test_another_value_takes_the_answer_away(open_page: Open, path: str):
    routes: list[Route] = []
    page = open_page(path=path)
    fill(page)
    ask(page)
    expect(page.locator("#result")).to_be_visible()
    hold(page, ANSWERS, routes)
    ask(page)
    expect(page.locator("[type=submit]")).to_have_text("Asking…")

    page.locator(FIRST_FIELD[path]).dispatch_event("input")
    routes[0].continue_()

    expect(page.locator("[type=submit]")).not_to_have_text("Asking…")
    expect(page.locator("#result")).to_be_hidden()


@pytest.mark.parametrize("path", PAGES)
def test_a_service_that_is_down_is_said_to_be_down_until_it_answers(open_page: Open, path: str):
    page = open_page(lambda page: page.route("**/v1/**", lambda route: route.abort()), path=path)
    expect(page.locator("#failure")).to_contain_text("cannot be reached")

    page.unroute("**/v1/**")
    page.locator("#again").click()

    expect(page.locator("#failure")).to_be_hidden()
    expect(page.locator("#model")).to_contain_text(path.removesuffix(".html")[:4])


@pytest.mark.parametrize("path", PAGES)
def test_an_error_of_the_service_can_be_tried_again(open_page: Open, path: str):
    page = open_page(path=path)
    fill(page)
    page.route(ANSWERS, lambda route: problem(route, 500, "internal_error", "The API's words."))
    ask(page)
    expect(page.locator("#failure")).to_contain_text("The API's words.")

    page.unroute(ANSWERS)
    page.locator("#again").click()

    expect(page.locator("#label")).not_to_be_empty()
    expect(page.locator("#failure")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "title", "inside", "error"),
    [
        ("iris.html", "¿Qué iris es?", "5,1 · 3,5 · 1,4 · 0,2", "Hace falta este dato."),
        ("flights.html", "¿Saldrá tarde el vuelo?", "diciembre", "Hace falta este dato."),
    ],
)
def test_speaks_spanish_and_changes_its_language(
    open_page: Open, path: str, title: str, inside: str, error: str
):
    page = open_page(path=path, locale="es-ES")
    expect(page).to_have_title(title)
    expect(page.locator("main")).to_contain_text(inside)
    ask(page)
    expect(page.locator(f"{FIRST_FIELD[path]}-hint")).to_have_text(error)
    fill(page)
    ask(page)
    expect(page.locator("#result")).to_be_visible()

    page.select_option("#language", "en")

    expect(page.locator("h1")).not_to_have_text(title)
    expect(page.locator(".bars")).to_contain_text(re.compile("Confidence|Probability"))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(open_page: Open, path: str, scheme: str, screenshots: Path):
    page = open_page(path=path, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("#model")).not_to_be_empty()
    results = {"empty": violations(page)}

    ask(page)
    results["faults"] = violations(page)
    fill(page)
    ask(page)
    expect(page.locator("#result")).to_be_visible()
    results["result"] = violations(page)
    page.screenshot(path=screenshots / f"{path}-{scheme}.png", full_page=True)

    page.route(ANSWERS, lambda route: route.abort())
    ask(page)
    expect(page.locator("#failure")).to_be_visible()
    results["failure"] = violations(page)

    assert results == {state: [] for state in results}


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_needs_no_sideways_scrolling(open_page: Open, path: str, screenshots: Path):
    page = open_page(path=path, **PHONE | {"viewport": {"width": 360, "height": 740}})
    fill(page)

    ask(page)

    expect(page.locator("#result")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.screenshot(path=screenshots / f"{path}-phone.png", full_page=True)


def test_a_keyboard_is_enough(open_page: Open):
    page = open_page()
    page.get_by_role("link", name="Iris").press("Enter")
    expect(page.locator("h1")).to_have_text("Which iris is it?")
    page.locator("#sepal_length").focus()
    for value in ("5.1", "3.5", "1.4", "0.2"):
        page.keyboard.type(value)
        page.keyboard.press("Tab")

    expect(page.locator("[type=submit]")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#label")).to_have_text("Iris-setosa")
    page.get_by_role("link", name="Photos").press("Enter")
    expect(page.locator("h1")).to_have_text("What is in the picture?")
