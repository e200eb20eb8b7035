"""Counts → inline SVG; colours and type come from the page's style."""

from collections.abc import Sequence
from html import escape

ROW, BAR, NAMES, WIDTH = 26, 18, 170, 460
LONGEST_NAME = 22
COLUMN, HEIGHT, FOOT = 22, 180, 24


def bars(counts: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars with names on their left and counts at their ends."""
    most = max(count for _, count in counts)
    room = WIDTH - NAMES - 70
    parts = []
    for i, (name, count) in enumerate(counts):
        y, length = i * ROW, max(2, round(room * count / most))
        short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        parts.append(
            f'<text x="{NAMES - 8}" y="{y + 14}" text-anchor="end">{escape(short)}</text>'
            f'<rect x="{NAMES}" y="{y}" width="{length}" height="{BAR}" rx="3"/>'
            f'<text x="{NAMES + length + 8}" y="{y + 14}" class="count">{count:,}</text>'
        )
    named = "; ".join(f"{name}: {count}" for name, count in counts)
    return svg(WIDTH, len(counts) * ROW, f"Photos per class. {named}", parts)


def histogram(counts: Sequence[int], unsure: Sequence[int]) -> str:
    """Columns over scores from 0 to 1; those that are ``unsure`` as a whole are paler."""
    most = max([1, *counts])
    parts = []
    for i, count in enumerate(counts):
        height = round((HEIGHT - 20) * count / most) if count else 0
        pale = ' class="unsure"' if unsure[i] == count > 0 else ""
        low, high = i / len(counts), (i + 1) / len(counts)
        parts.append(
            f'<rect{pale} x="{i * COLUMN + 2}" y="{HEIGHT - height}" width="{COLUMN - 4}" '
            f'height="{height}" rx="3"><title>{low:.2f} to {high:.2f}: {count:,}</title></rect>'
        )
    width = COLUMN * len(counts)
    parts.append(f'<line x1="0" x2="{width}" y1="{HEIGHT}" y2="{HEIGHT}"/>')
    for i in range(5):
        anchor = ("start", "middle", "middle", "middle", "end")[i]
        parts.append(
            f'<text x="{width * i / 4:.0f}" y="{HEIGHT + 18}" text-anchor="{anchor}" '
            f'class="count">{i / 4:.0%}</text>'
        )
    named = ", ".join(f"{count:,}" for count in counts)
    label = f"Photos by score of their class, from 0 to 1 in {len(counts)} steps: {named}"
    return svg(width, HEIGHT + FOOT, label, parts)


def svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """One chart; ``label`` says what is drawn to those who do not see it."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
