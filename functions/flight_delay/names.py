"""Names of one column → their codes, however they are written."""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MISSING = -1
UNKNOWN = -2
MAX_CHARACTERS = 100
"""Longer than any name; what is longer is not looked at further."""


class Names:
    """The names of a column in the order of their codes; case and accents do not count."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._codes = {name: code for code, name in enumerate(names)}
        self._folded = {fold(name): code for code, name in enumerate(names)}

    def codes(self, texts: Iterable[str | None]) -> list[int]:
        """A code for each text; ``MISSING`` for None, ``UNKNOWN`` for what is no name here."""
        texts = list(texts)
        codes = {text: self._code(text) for text in set(texts)}
        return [codes[text] for text in texts]

    def nearest(self, text: str) -> list[str]:
        """The names most like ``text``, best first, at most three."""
        found = get_close_matches(fold(text[:MAX_CHARACTERS]), self._folded)
        return [self.names[self._folded[name]] for name in found]

    def _code(self, text: str | None) -> int:
        if text is None:
            return MISSING
        code = self._codes.get(text)
        if code is None and len(text) <= MAX_CHARACTERS:
            code = self._folded.get(fold(text))
        return UNKNOWN if code is None else code


def fold(text: str) -> str:
    """``text`` without accents, case and outer spaces."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold().strip()
