"""The page for everyone: keyboards, screen readers, phones, dark rooms, Spanish."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.web.conftest import PHONE, Open
from tests.web.page import CAT, COFFEE, expect_result, problem


def test_a_keyboard_is_enough(open_page: Open):
    page = open_page()
    press = page.keyboard.press

    def tab_to(selector: str) -> None:
        for _ in range(20):
            press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"Tab does not get to {selector}")

    tab_to("#picker")
    tab_to("#samples li:last-child button")
    press("Enter")
    expect(page.locator(".card .best")).to_have_text("candle")
    tab_to(".wrong")
    press("Enter")
    expect(page.get_by_role("combobox", name="What does it show?")).to_be_focused()
    page.keyboard.type("matchst")
    expect(page.locator(".card").get_by_role("option", name="matchstick")).to_be_visible()
    press("ArrowUp")
    expect(page.locator(".card").get_by_role("option", selected=True)).to_have_text(
        re.compile("matchstick")
    )
    press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    press("ArrowDown")
    press("ArrowDown")
    press("Enter")
    expect(page.get_by_role("combobox", name="What does it show?")).to_have_value("matchstick")
    press("Enter")
    expect(page.locator(".thanks")).to_contain_text("matchstick")
    expect(page.locator(".change")).to_be_focused()
    press("Enter")
    expect(page.locator(".right")).to_be_focused()


def test_the_focus_stays_in_the_card_when_its_button_goes(open_page: Open):
    page = open_page(lambda page: page.route("**/v1/predict", lambda route: route.abort()))
    page.set_input_files("#picker", COFFEE)
    expect(page.locator(".retry")).to_be_visible()
    page.locator(".retry").focus()
    page.unroute("**/v1/predict")

    page.keyboard.press("Enter")

    expect_result(page)
    expect(page.get_by_role("article", name="coffee.png")).to_be_focused()


def test_the_answer_is_told_to_those_who_do_not_see_it(open_page: Open):
    page = open_page()

    page.set_input_files("#picker", COFFEE)

    expect(page.get_by_role("status").filter(has_text="coffee.png: espresso, 9")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(open_page: Open, scheme: str, screenshots: Path):
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    results = {"empty": violations(page)}

    page.set_input_files("#picker", COFFEE)
    expect_result(page)
    results["result"] = violations(page)
    if scheme == "dark":
        page.screenshot(path=screenshots / "dark.png", full_page=True)

    page.locator(".wrong").click()
    page.keyboard.type("cup")
    expect(page.locator(".card").get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    results["names"] = violations(page)
    if scheme == "light":
        page.screenshot(path=screenshots / "feedback.png", full_page=True)

    page.keyboard.press("Enter")
    page.locator("[type=submit]").click()
    expect(page.locator(".thanks")).to_be_visible()
    page.locator("summary").click()
    results["thanks"] = violations(page)

    page.route("**/v1/predict", lambda route: problem(route, 500, "x", "Something broke."))
    page.set_input_files("#picker", COFFEE)
    expect(page.locator(".failure-text")).to_be_visible()
    results["failure"] = violations(page)

    assert results == {state: [] for state in results}


def violations(page: Page) -> list[str]:
    problems = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in problems]


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_needs_no_sideways_scrolling(open_page: Open, width: int, screenshots: Path):
    phone = PHONE | {"viewport": {"width": width, "height": 700}}
    page = open_page(**phone, color_scheme="dark")
    page.set_input_files("#picker", [CAT, COFFEE])
    expect_result(page)
    page.locator(".wrong").click()

    expect(page.get_by_role("combobox", name="What does it show?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(page.get_by_text("Take a photo")).to_be_visible()
    page.screenshot(path=screenshots / f"phone-{width}.png", full_page=True)


def test_nothing_moves_for_those_who_ask_for_that(open_page: Open):
    page = open_page(reduced_motion="reduce")
    page.set_input_files("#picker", COFFEE)
    expect_result(page)

    duration = page.evaluate(
        "getComputedStyle(document.querySelector('.track span')).animationDuration"
    )

    assert duration == "1e-05s"


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


def test_changing_the_language_keeps_what_is_being_typed(open_page: Open):
    page = open_page()
    page.set_input_files("#picker", COFFEE)
    page.locator(".wrong").click()
    page.locator("textarea").fill("It is a cup.")

    page.select_option("#language", "es")

    expect(page.get_by_role("textbox", name="Comentario")).to_have_value("It is a cup.")


def test_both_languages_have_every_sentence(open_page: Open):
    keys = open_page().evaluate(
        "async () => Object.values((await import('./messages.js')).MESSAGES).map(Object.keys)"
    )

    assert len(keys) == 2
    assert sorted(keys[0]) == sorted(keys[1])


LANGUAGES = ("english.js", "spanish.js")


def test_every_sentence_is_used_somewhere():
    web = ROOT / "web"
    keys = re.findall(r"^  (\w+):", (web / "english.js").read_text("utf-8"), re.MULTILINE)
    sources = [*web.glob("*.js"), *web.glob("*.html"), web / "samples" / "samples.js"]
    text = "".join(p.read_text("utf-8") for p in sources if p.name not in LANGUAGES)

    unused = [key for key in keys if f'"{key}"' not in text]

    assert len(keys) > 50
    assert unused == []
