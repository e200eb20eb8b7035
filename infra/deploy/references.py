"""The files that an HTML page loads from beside itself, and where its text names them."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from infra.deploy.errors import DeployFailed

API_PATH = "/v1/"
_ADDRESSES = frozenset({"src", "href", "xlink:href", "poster"})
_LISTS = frozenset({"srcset", "imagesrcset"})


class PageInvalid(DeployFailed):
    """The page's files do not fit together."""


@dataclass(frozen=True)
class PageReference:
    """An address relative to the page; ``text[start:end]`` is how the page spells it."""

    address: str
    start: int
    end: int


def find_references(text: str) -> tuple[PageReference, ...]:
    """Every relative address in the page's attributes, in the page's order.

    Other hosts, fragments and the API's own paths are left out.

    Raises:
        PageInvalid: an address would break wherever the files are moved.
    """
    finder = _Finder(text)
    finder.feed(text)
    finder.close()
    return tuple(finder.found)


class _Finder(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.found: list[PageReference] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _LISTS or (tag == "base" and name == "href"):
                raise PageInvalid(f"<{tag} {name}> is not handled; see references.py")
            if name in _ADDRESSES and value and _is_relative(value):
                self.found.append(self._locate(name, value))

    def _locate(self, name: str, value: str) -> PageReference:
        line, column = self.getpos()
        source = self.get_starttag_text() or ""
        spelled = rf"""\s{name}\s*=\s*(["'])({re.escape(value)})\1"""
        matches = list(re.finditer(spelled, source, re.IGNORECASE))
        if len(matches) != 1:
            raise PageInvalid(f"line {line}: write it plainly and in quotes: {name}={value!r}")
        (match,) = matches
        tag_start = self._line_starts[line - 1] + column
        return PageReference(value, tag_start + match.start(2), tag_start + match.end(2))


def _is_relative(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith(API_PATH):
        return False
    if parts.path.startswith("/"):
        raise PageInvalid(f"{address!r} is no file of the page; write it relative to index.html")
    return True
