"""A real browser on the page that ``make run`` serves."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import LIMIT_S, ROOT, Cloud, aws_endpoint, skip_or_fail

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

# The shell is the same engine without a browser's own windows, in three quarters of the time.
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
)
ARGUMENTS = [
    "--headless",
    "--renderer-process-limit=1",  # tabs of one context share a process: starting one takes longest
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not shutil.which(CHROMIUM):
        skip_or_fail(f"no {CHROMIUM}: apt install chromium-headless-shell, or set CHROMIUM")
    expect.set_options(timeout=LIMIT_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_tab(browser: Browser) -> Open:
    """Opens an empty tab, for whose ``origin`` nothing is stored and nothing permitted; whoever
    opens it closes it. Tabs with the same options share a context, and so a process, whose start
    takes longer than the page: but for those that ask to be ``alone``.
    """
    contexts: dict[object, BrowserContext] = {}

    def new_tab(origin: str, *, alone: bool = False, **options: Any) -> Page:
        options = DESKTOP | options
        key = object() if alone else repr(sorted(options.items()))
        if key not in contexts:
            contexts[key] = browser.new_context(**options)
            contexts[key].new_page()  # keeps the process
        context = contexts[key]
        context.clear_permissions()
        page = context.new_page()
        page.set_default_timeout(LIMIT_S * 1000)
        forget = {"origin": origin, "storageTypes": "all"}
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", forget)
        return page

    return new_tab


@pytest.fixture
def open_page(new_tab: Open, cloud: Cloud) -> Iterator[Open]:
    """Opens a page, the main one or ``path``; it may neither complain nor ask another host than its
    own and the bucket's.
    """
    hosts = (cloud.url, aws_endpoint(cloud))
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(
        before: Callable[[Page], Any] | None = None, path: str = "", **options: Any
    ) -> Page:
        page = new_tab(cloud.url, **options)
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _note_violation(message.text, complaints))
        page.on("request", lambda request: _note_foreign(request.url, hosts, complaints))
        if before:
            before(page)
        page.goto(f"{cloud.url}/{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def dynamodb(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> "DynamoDBServiceResource":
    """The local DynamoDB, by AWS' own client."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return boto3.resource("dynamodb", endpoint_url=aws_endpoint(cloud), region_name="us-east-1")


@pytest.fixture(scope="session")
def screenshots() -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


def _note_violation(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text:
        complaints.append(text)


def _note_foreign(url: str, hosts: tuple[str, ...], complaints: list[str]) -> None:
    if not url.startswith((*hosts, "blob:", "data:")):
        complaints.append(f"the page asked for {url}")
