"""Where the model is not sure, the page says so."""

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Open
from tests.web.page import COFFEE
from tests.web.test_access import violations
from tests.web.test_folder import expect_end, make_folder

PREDICT, STATE = "**/v1/predict", "**/v1/predictions/*"


def answer(label: str, score: float, *, sure: bool) -> dict[str, Any]:
    model = {"name": "resnet50", "version": "0123456789ab"}
    predictions = [{"label": label, "wnid": None, "score": score}]
    return {"prediction_id": "receipt", "model": model, "sure": sure, "predictions": predictions}


COFFEE_PERHAPS = answer("espresso", 0.6, sure=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_photo_is_perhaps_what_it_shows(open_page: Open, scheme: str):
    page = open_page(
        lambda page: page.route(PREDICT, lambda route: route.fulfill(json=COFFEE_PERHAPS)),
        color_scheme=scheme,
    )

    page.set_input_files("#picker", COFFEE)

    expect(page.locator(".best")).to_have_text("Not sure: perhaps espresso")
    expect(page.locator("#announcer")).to_have_text("coffee.png: Not sure: perhaps espresso, 60%")
    expect(page.locator(".question")).to_have_text("Is “espresso” right?")
    assert violations(page) == []
    page.select_option("#language", "es")
    expect(page.locator(".best")).to_have_text("No es seguro: quizá espresso")


def test_so_is_a_photo_that_was_queued(open_page: Open):
    waiting = {"id": "1", "name": "a.jpg", "prediction": "0" * 32, "feedback": {"state": "none"}}
    script = f"sessionStorage.setItem('session', '{json.dumps([waiting])}')"
    state = {"id": "0" * 32, "status": "succeeded", "prediction": COFFEE_PERHAPS}

    page = open_page(
        lambda page: (
            page.add_init_script(script),
            page.route(STATE, lambda route: route.fulfill(json=state)),
        )
    )

    expect(page.locator(".best")).to_have_text("Not sure: perhaps espresso")


def test_in_a_folder_the_models_own_threshold_decides(open_page: Open, tmp_path: Path):
    answers = itertools.cycle(
        [COFFEE_PERHAPS, answer("missile", 0.4, sure=True), answer("strawberry", 0.9, sure=True)]
    )
    page = open_page(
        lambda page: page.route(PREDICT, lambda route: route.fulfill(json=next(answers)))
    )
    page.set_input_files("#folder-picker", make_folder(tmp_path / "album", 6))
    expect_end(page, "6 of 6 photos classified")

    page.select_option("#folder-filter", "unsure")

    labels = page.locator("#folder-rows tr:not([hidden]) .label")
    expect(labels).to_have_text(["Not sure: perhaps espresso"] * 2)
    expect(page.locator("#folder-threshold")).to_be_hidden()
    assert violations(page) == []
    with page.expect_download() as download:
        page.locator("#folder-csv").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        unsure = {row["label"]: row["unsure"] for row in csv.DictReader(file)}
    assert unsure == {"espresso": "true", "missile": "false", "strawberry": "false"}
