"""Which photos a report shows: the least sure of every class, as many as it can hold."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from image_collections.rows import PlainRow
from serving.collection import is_unsure

MAX_SHOWN = 10_000  # 2.5 KB each: a page of 25 MB that any browser opens
MAX_FAILURES = 500


@dataclass(frozen=True)
class Shown:
    """One photo of the sheet: its two likeliest classes' scores, whether the first is unsure, and
    its thumbnail in base64.
    """

    key: str
    score: float
    second: str | None
    second_score: float
    unsure: bool
    thumbnail: str


class ContactSheet:
    """Takes all rows, keeps at most twice ``max_shown`` of them.

    Each class may show as many photos as leave room for the others: all have the same most. That
    falls as rows come and never rises, so what was let go is never missed. ``min_score`` is as for
    ``is_unsure``.
    """

    def __init__(self, min_score: float | None, max_shown: int = MAX_SHOWN) -> None:
        self._min_score = min_score
        self._max_shown = max_shown
        self._most = max_shown
        self._count = 0
        # The surest of a class is the first of its heap; rows' numbers decide between equals.
        self._heaps: dict[str, list[tuple[float, int, Shown]]] = {}
        self._number = 0
        self.failures: list[PlainRow] = []

    def add(self, row: PlainRow) -> None:
        """Keep the row if it may be shown."""
        self._number += 1
        if row["code"] is not None:
            if len(self.failures) < MAX_FAILURES:
                self.failures.append(row)
            return
        heap = self._heaps.setdefault(row["label"], [])
        entry = (-row["score"], -self._number, _shown(row, self._min_score))
        if len(heap) < self._most:
            heapq.heappush(heap, entry)
            self._count += 1
        else:
            heapq.heappushpop(heap, entry)
        if self._count > 2 * self._max_shown:
            self._trim()

    def shown(self, label: str) -> list[Shown]:
        """A class's photos, least sure first."""
        if self._count > self._max_shown:
            self._trim()
        return [shown for *_, shown in sorted(self._heaps.get(label, ()), reverse=True)]

    def _trim(self) -> None:
        self._most = even_share(map(len, self._heaps.values()), self._max_shown)
        for heap in self._heaps.values():
            while len(heap) > self._most:
                heapq.heappop(heap)
        self._count = sum(map(len, self._heaps.values()))


def even_share(sizes: Iterable[int], room: int) -> int:
    """The greatest number that all may take of ``sizes``, at least 1, within ``room``."""
    ordered = sorted(sizes)
    for i, size in enumerate(ordered):
        share = room // (len(ordered) - i)
        if size > share:
            return max(1, share)
        room -= size
    return max([1, *ordered])


def _shown(row: PlainRow, min_score: float | None) -> Shown:
    second, score = None, 0.0
    if len(row["top_k"]) > 1:
        second, score = row["top_k"][1]["label"], row["top_k"][1]["score"]
    unsure = is_unsure(row["score"], sure=row["sure"], min_score=min_score)
    return Shown(row["key"], row["score"], second, score, unsure, row["thumbnail"] or "")
