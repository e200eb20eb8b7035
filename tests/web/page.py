"""What the page's tests share: real photos, and the ways a photo or an error gets to the page."""

import base64
import json
from pathlib import Path

import skimage
from playwright.sync_api import Page, Route, expect

PHOTOS = Path(skimage.__file__).parent / "data"
CAT = PHOTOS / "chelsea.png"
COFFEE = PHOTOS / "coffee.png"
ROCKET = PHOTOS / "rocket.jpg"
FLOWER = {"sepal_length": 7.7, "sepal_width": 2.6, "petal_length": 6.9, "petal_width": 2.3}
FLIGHT = {"OPERA": "Iberia", "MES": 1, "TIPOVUELO": "I", "DIANOM": "Lunes", "periodo_dia": "noche"}

_PASTE = """([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const event = new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
  document.body.dispatchEvent(event);
}"""
_DROP = (
    _PASTE.replace("ClipboardEvent", "DragEvent")
    .replace('"paste"', '"drop"')
    .replace("clipboardData", "dataTransfer")
)


def expect_result(page: Page) -> None:
    expect(page.locator(".card .bars li")).to_have_count(5)


def fill(page: Page) -> None:
    """Fill in the form of ``iris.html`` or ``flights.html``."""
    if page.locator("#sepal_length").count():
        for name, value in FLOWER.items():
            page.fill(f"#{name}", str(value))
    else:
        for name, value in FLIGHT.items():
            page.select_option(f"#{name}", str(value))


def drop(page: Page, photo: Path) -> None:
    page.evaluate(_DROP, _as_argument(photo))


def paste(page: Page, photo: Path) -> None:
    page.evaluate(_PASTE, _as_argument(photo))


def hold(page: Page, address: str, routes: list[Route]) -> None:
    """Leave requests unanswered; ``routes`` collects them."""
    page.route(address, lambda route: routes.append(route))  # noqa: PLW0108  # a bound method of a list takes no attributes, as Playwright wants


def problem(route: Route, status: int, code: str, detail: str, **headers: str) -> None:
    body = {"status": status, "code": code, "detail": detail}
    route.fulfill(
        status=status,
        headers={"content-type": "application/problem+json", **headers},
        body=json.dumps(body),
    )


def _as_argument(photo: Path) -> list[str]:
    return [photo.name, "image/png", base64.b64encode(photo.read_bytes()).decode()]
