"""The page's folder → what is published of it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from infra.deploy.page import build_page
from infra.deploy.references import PageInvalid, find_references
from tests.conftest import ROOT
from tests.deploy.conftest import URL


def test_assets_share_a_folder_named_for_what_is_in_it(web: Path):
    page = build_page(web, URL)

    assert re.fullmatch(r"assets/[0-9a-f]{12}/", page.folder)
    assert {file.key.removeprefix(page.folder) for file in page.assets} == {
        "app.js",
        "config.js",
        "icon.svg",
        "samples/a.png",
    }


def test_assets_are_kept_for_ever_and_pages_are_asked_for_each_time(web: Path):
    page = build_page(web, URL)

    assert {file.cache_control for file in page.assets} == {"public, max-age=31536000, immutable"}
    assert [file.key for file in page.pages] == ["about.html", "index.html"]
    assert {file.cache_control for file in page.pages} == {"no-cache"}
    assert {file.content_type for file in page.pages} == {"text/html; charset=utf-8"}


def test_references_of_pages_lead_to_assets_and_nothing_else_changes(web: Path):
    page = build_page(web, URL)
    about, index = (file.body.decode() for file in page.pages)

    assert about == f'<img src="{page.folder}icon.svg"><a href="index.html">back</a>'
    assert index == (
        f'<!doctype html>\n<link rel="icon" href="{page.folder}icon.svg">\n'
        '<p>app.js is "app.js"</p><a href="/v1/docs">API</a> <a href="#top">up</a>\n'
        '<a href="about.html">About</a>\n'
        f'<script type="module" src="{page.folder}app.js"></script>'
    )


def test_config_names_the_api(web: Path):
    (config,) = (file for file in build_page(web, URL).assets if file.key.endswith("/config.js"))

    assert f'export const API_BASE = "{URL}";' in config.body.decode().splitlines()


def test_the_other_settings_are_published_as_they_are(web: Path):
    off = "export const UPLOADS = false;"
    (web / "config.js").write_text(f'export const API_BASE = "";\n{off}\n')

    (config,) = (file for file in build_page(web, URL).assets if file.key.endswith("/config.js"))

    assert off in config.body.decode().splitlines()


def test_settings_that_name_no_api_are_refused(web: Path):
    (web / "config.js").write_text("export const UPLOADS = true;")

    with pytest.raises(PageInvalid, match="API_BASE"):
        build_page(web, URL)


def test_the_same_files_give_the_same_page_wherever_they_lie(web: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(web, elsewhere)

    assert build_page(elsewhere, URL) == build_page(web, URL)


@pytest.mark.parametrize("changed", ["app.js", "samples/a.png", "icon.svg"])
def test_another_content_gives_another_folder(web: Path, changed: str):
    before = build_page(web, URL).folder

    (web / changed).write_bytes(b"other")

    assert build_page(web, URL).folder != before


def test_another_name_or_another_api_gives_another_folder(web: Path):
    before = build_page(web, URL).folder
    other_api = build_page(web, "https://example.org").folder
    (web / "samples" / "a.png").rename(web / "samples" / "b.png")

    assert len({before, other_api, build_page(web, URL).folder}) == 3


def test_what_make_run_would_not_serve_is_not_published(web: Path, tmp_path: Path):
    (tmp_path / "secret.js").write_text("secret")
    (web / "linked.js").symlink_to(tmp_path / "secret.js")
    (web / ".DS_Store").write_text("")
    before = {file.key for file in build_page(web, URL).assets}

    assert not [key for key in before if "linked" in key or "DS_Store" in key]


def test_a_file_of_unknown_kind_is_refused(web: Path):
    (web / "app.js~").write_text("")

    with pytest.raises(PageInvalid, match=r"app\.js~"):
        build_page(web, URL)


@pytest.mark.parametrize("missing", ["index.html", "about.html", "config.js", "app.js"])
def test_a_missing_file_is_named(web: Path, missing: str):
    (web / missing).unlink()

    with pytest.raises(PageInvalid, match=re.escape(missing)):
        build_page(web, URL)


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="../outside.png">',
        '<img src="/icon.svg">',
        '<img srcset="icon.svg 2x">',
        '<base href="/elsewhere/">',
        "<img src=icon.svg>",
        '<img src="icon&#46;svg">',
    ],
)
def test_a_reference_that_would_break_is_refused(web: Path, markup: str):
    (web / "index.html").write_text(f"<!doctype html>{markup}")

    with pytest.raises(PageInvalid):
        build_page(web, URL)


def test_references_are_found_where_a_browser_finds_them():
    text = """<!-- <img src="comment.png"> --><script>"<img src='script.png'>"</script>
      <template>é<IMG alt="x.png" SRC = 'x.png'></template><a href="https://a.b/c">d</a>"""

    (reference,) = find_references(text)

    assert (reference.address, text[reference.start : reference.end]) == ("x.png", "x.png")


def test_every_module_of_the_page_finds_those_it_imports_in_the_same_folder():
    page = build_page(ROOT / "web", URL)
    modules = {file.key: file.body.decode() for file in page.assets if file.key.endswith(".js")}
    imports = [
        str(Path(key).parent / address)
        for key, text in modules.items()
        for address in re.findall(r'^import [^"]*"(\./[^"]+)";$', text, re.MULTILINE)
    ]

    assert len(imports) > len(modules) / 2
    assert set(imports) <= set(modules)


def test_the_real_page_takes_only_the_files_it_needs():
    page = build_page(ROOT / "web", URL)
    samples = json.loads(
        re.search(r"\[.*\]", (ROOT / "web/samples/samples.js").read_text()).group()
    )

    names = {file.key.removeprefix(page.folder) for file in page.assets}
    assert {f"samples/{name}.png" for name in samples} <= names
    assert not names & {"headers.json", "index.html", "iris.html", "samples/make.py"}
