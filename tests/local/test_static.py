"""Which files the page is made of, and which are not served."""

from pathlib import Path

import pytest

from infra.local.http_api.static import content_type, find_page, page_headers


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "sub").mkdir(parents=True)
    for name in ("index.html", "app.js", "a b.css", ".hidden", "sub/index.html"):
        (folder / name).write_text(name)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("/app.js", "app.js"),
        ("/a%20b.css", "a b.css"),
        ("/sub/", "sub/index.html"),
    ],
)
def test_finds_the_pages_files(web: Path, path: str, name: str):
    assert find_page(web, path) == web / name


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/link.txt",
        "/.hidden",
        "/%00",
        "/missing.js",
        "/" + "a" * 5000,
    ],
)
def test_finds_nothing_else(web: Path, path: str):
    assert find_page(web, path) is None


def test_a_missing_folder_has_no_pages(tmp_path: Path):
    assert find_page(tmp_path / "none", "/") is None


def test_modules_are_served_as_what_browsers_accept():
    assert content_type(Path("app.js")) == "text/javascript; charset=utf-8"
    assert content_type(Path("x.unknown")) == "application/octet-stream"


def test_the_page_is_sent_with_the_headers_it_asks_for(tmp_path: Path):
    (tmp_path / "headers.json").write_text('{"X-Content-Type-Options": "nosniff"}')

    assert page_headers(tmp_path) == {"X-Content-Type-Options": "nosniff"}
    assert page_headers(tmp_path / "elsewhere") == {}


def test_the_page_may_ask_one_origin_beside_its_own(tmp_path: Path):
    (tmp_path / "headers.json").write_text(
        "{\"Content-Security-Policy\": \"default-src 'none'; connect-src 'self'; base-uri 'none'\"}"
    )

    policy = page_headers(tmp_path, "http://127.0.0.1:1")["Content-Security-Policy"]

    assert policy == ("default-src 'none'; connect-src 'self' http://127.0.0.1:1; base-uri 'none'")
