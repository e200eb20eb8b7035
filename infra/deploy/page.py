"""The page's folder → what is published of it, and how long each file may be kept."""

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

from infra.deploy.references import PageInvalid, find_references
from infra.local.http_api.static import content_type, find_page

INDEX = "index.html"
PAGE_SUFFIX = ".html"
ASSETS = "assets/"
CONFIG = "config.js"
FOR_EVER = "public, max-age=31536000, immutable"
ASKED_EACH_TIME = "no-cache"
_API_BASE = re.compile(rb"^export const API_BASE = .*$", re.MULTILINE)
_VERSION_DIGITS = 12
_UNKNOWN_TYPE = content_type(Path("unknown"))
_NOT_PUBLISHED = frozenset({"headers.json"})  # the host's; CloudFront has it from infra/page.yaml
_SOURCES = frozenset({".py", ".pyc"})  # make the samples


@dataclass(frozen=True)
class PageFile:
    """One object of the bucket."""

    key: str
    body: bytes
    content_type: str
    cache_control: str


@dataclass(frozen=True)
class BuiltPage:
    """All assets in a folder that is named for what is in it, and the pages that name them:
    ``index.html`` last, as it names the others.
    """

    folder: str
    assets: tuple[PageFile, ...]
    pages: tuple[PageFile, ...]


def build_page(web: Path, api_base: str) -> BuiltPage:
    """What is published of the folder ``web``; the same files always give the same result.

    The assets move together, so that modules find each other, and the pages keep their addresses;
    ``api_base`` is the API's origin, which ``config.js`` is published with.

    Raises:
        PageInvalid: a file is missing, of no known kind, or not where the page says.
    """
    contents = _read(web)
    for required in (INDEX, CONFIG):
        if required not in contents:
            raise PageInvalid(f"{web / required} is missing.")
    names = [path for path in contents if path.endswith(PAGE_SUFFIX) and "/" not in path]
    names.sort(key=lambda path: path == INDEX)
    pages = {path: _text(web / path, contents.pop(path)) for path in names}
    contents[CONFIG] = _config(contents[CONFIG], api_base)
    folder = f"{ASSETS}{_version(contents)}/"
    return BuiltPage(
        folder=folder,
        assets=tuple(
            PageFile(folder + path, body, content_type(Path(path)), FOR_EVER)
            for path, body in contents.items()
        ),
        pages=tuple(
            PageFile(
                path,
                _moved(path, pages, contents, folder).encode("utf-8"),
                content_type(Path(path)),
                ASKED_EACH_TIME,
            )
            for path in pages
        ),
    )


def _read(web: Path) -> dict[str, bytes]:
    """The files to publish by path below ``web``: none that is hidden, none that makes others."""
    paths = sorted(file.relative_to(web).as_posix() for file in web.rglob("*") if file.is_file())
    contents = {}
    for path in paths:
        file = find_page(web, quote(path))  # not hidden, and not linked from elsewhere
        if file is None or path in _NOT_PUBLISHED or file.suffix in _SOURCES:
            continue
        if content_type(file) == _UNKNOWN_TYPE:
            raise PageInvalid(
                f"{web / path} is of no kind that infra/local/http_api/static.py knows."
            )
        contents[path] = file.read_bytes()
    return contents


def _text(file: Path, body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise PageInvalid(f"{file} is not UTF-8: {exc}") from exc


def _config(config: bytes, api_base: str) -> bytes:
    """The page's own settings, with the API's origin: page and API are one."""
    line = f"export const API_BASE = {json.dumps(api_base)};".encode()
    changed, count = _API_BASE.subn(lambda _: line, config)
    if count != 1:
        raise PageInvalid(f"{CONFIG} names no API_BASE.")
    return changed


def _version(contents: Mapping[str, bytes]) -> str:
    """Of types too: an asset that changes its type only must not keep its immutable address."""
    digest = sha256()
    for path, body in sorted(contents.items()):
        for part in (path.encode(), content_type(Path(path)).encode(), body):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:_VERSION_DIGITS]


def _moved(page: str, pages: Mapping[str, str], contents: Mapping[str, bytes], folder: str) -> str:
    """The page with each of its references to a file leading into ``folder``, and to a page not."""
    text, moved, position = pages[page], "", 0
    for reference in find_references(text):
        path = posixpath.normpath(unquote(reference.address))
        if path in pages:
            continue
        if path not in contents:
            raise PageInvalid(f"{page} refers to {reference.address}, which is not there.")
        moved += text[position : reference.start] + folder + quote(path)
        position = reference.end
    return moved + text[position:]
