"""Figures → inline SVG; colours and type come from the page's style."""

from collections.abc import Iterator, Sequence

from evaluation.figures import Bin, Point
from image_collections.charts import svg

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 300, 52, 40, 10
ROOM, RISE = WIDTH - LEFT - 22, HEIGHT - BOTTOM - TOP
MOST = (0.04, 0.1, 0.2, 0.4, 0.6, 1.0)  # what the axis of errors may end at


def reliability(bins: Sequence[Bin | None]) -> str:
    """The share that is right over the score; the diagonal is where both are the same."""
    width = ROOM / len(bins)
    parts = [*_axes("score", "right", 1.0)]
    for i, found in enumerate(bins):
        if found:
            x, top = LEFT + i * width, _y(found.right)
            parts.append(
                f'<rect x="{x + 2:.1f}" y="{top:.1f}" width="{width - 4:.1f}" rx="3" '
                f'height="{max(HEIGHT - BOTTOM - top, 1):.1f}"><title>{found.photos:,} photos: '
                f"mean score {found.score:.1%}, {found.right:.1%} right</title></rect>"
                f'<circle cx="{_x(found.score):.1f}" cy="{top:.1f}" r="4"/>'
                f'<text class="count" x="{x + width / 2:.1f}" y="{HEIGHT - BOTTOM - 6}" '
                f'text-anchor="middle">{found.photos:,}</text>'
            )
    parts.append(_line([(0, 0), (1, 1)], "ideal"))
    named = "; ".join(f"score {b.score:.2f}, right {b.right:.2f}, {b.photos}" for b in bins if b)
    return svg(WIDTH, HEIGHT, f"Share that is right by score: {named}", parts)


def risk_coverage(points: Sequence[Point]) -> str:
    """The share that is wrong among the photos answered, as the least sure are left out."""
    highest = max(point.risk for point in points)
    most = min(limit for limit in MOST if limit >= highest)
    line = _line([(point.coverage, point.risk / most) for point in points], "curve")
    parts = [*_axes("photos answered", "wrong", most), line]
    few = [points[round(i * (len(points) - 1) / 4)] for i in range(5)]
    named = "; ".join(f"{point.coverage:.0%} answered, {point.risk:.1%} wrong" for point in few)
    return svg(WIDTH, HEIGHT, f"Share that is wrong by share answered: {named}", parts)


def _axes(across: str, up: str, most: float) -> Iterator[str]:
    for i in range(5):
        x, y = _x(i / 4), _y(i / 4)
        yield (
            f'<line x1="{LEFT}" x2="{LEFT + ROOM}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="count" x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">'
            f"{i / 4 * most * 100:.3g}%</text>"
            f'<text class="count" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{i / 4:.0%}</text>"
        )
    yield f'<text x="{LEFT + ROOM}" y="{HEIGHT - 4}" text-anchor="end">{across} →</text>'
    yield f'<text x="{LEFT + 6}" y="{TOP + 12}">↑ {up}</text>'


def _line(points: Sequence[tuple[float, float]], name: str) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _x(share: float) -> float:
    return LEFT + ROOM * share


def _y(share: float) -> float:
    return TOP + RISE * (1 - share)
