"""A small page, a stack to publish to, and the real page as published."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.deploy.__main__ import main
from tests.conftest import ROOT, Cloud
from tests.deploy.aws import WHICH, DeployedPage, deployed_stack
from tests.deploy.site import Site, published_site, serving

URL = "https://d111111abcdef8.cloudfront.net"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "samples").mkdir(parents=True)
    (folder / "index.html").write_text(
        '<!doctype html>\n<link rel="icon" href="icon.svg">\n'
        '<p>app.js is "app.js"</p><a href="/v1/docs">API</a> <a href="#top">up</a>\n'
        '<a href="about.html">About</a>\n'
        '<script type="module" src="./app.js"></script>'
    )
    (folder / "about.html").write_text('<img src="icon.svg"><a href="index.html">back</a>')
    (folder / "app.js").write_text('import "./config.js";')
    (folder / "config.js").write_text('export const API_BASE = "";')
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "headers.json").write_text("{}")
    (folder / "samples" / "make.py").write_text("")
    (folder / "samples" / "a.png").write_bytes(b"png")
    return folder


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployedPage]:
    with deployed_stack(monkeypatch, URL) as stack:
        yield stack


@pytest.fixture(scope="module")
def published(cloud: Cloud) -> Iterator[Site]:
    """``web/`` published to moto, and served from there in front of a running API."""
    site = published_site(cloud)
    with serving(site):
        with pytest.MonkeyPatch.context() as patch, deployed_stack(patch, site.url) as stack:
            assert main(["page", *WHICH, "--web", str(ROOT / "web")]) == 0
            site.fetch_objects(stack.bucket)
        yield site


@pytest.fixture
def site(published: Site) -> Iterator[Site]:
    """The published page, for a test to break."""
    sound = copy.deepcopy(vars(published))
    yield published
    vars(published).update(sound)
