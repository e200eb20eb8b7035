"""The page's files, where the cloud has a bucket behind a CDN."""

import json
from pathlib import Path
from urllib.parse import unquote

_INDEX = "index.html"
_POLICY = "Content-Security-Policy"
_OWN_ORIGIN = "connect-src 'self'"
# Stated, not guessed: the guess depends on the machine's own tables, and browsers refuse modules
# and pages that are called something else.
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def find_page(folder: Path, path: str) -> Path | None:
    """The file below ``folder`` that the percent-encoded URL ``path`` names; None without one.

    Nothing outside ``folder`` is ever found, neither by ``..`` nor by a link, and no hidden file.
    """
    parts = unquote(path).strip("/").split("/")
    if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    root = folder.resolve()
    try:
        file = root.joinpath(*parts).resolve()
        file = file / _INDEX if file.is_dir() else file
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def page_headers(folder: Path, connect: str = "") -> dict[str, str]:
    """The headers sent with every file of the page, as the CDN does in the cloud.

    ``connect`` is one more origin that the page may ask: where it uploads large photos.
    """
    file = folder / "headers.json"
    headers: dict[str, str] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    if connect and _POLICY in headers:
        headers[_POLICY] = headers[_POLICY].replace(_OWN_ORIGIN, f"{_OWN_ORIGIN} {connect}")
    return headers


def content_type(file: Path) -> str:
    """Media type by the file's ending."""
    return _CONTENT_TYPES.get(file.suffix.lower(), "application/octet-stream")
