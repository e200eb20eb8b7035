"""Draws the page's sample pictures: ``python web/samples/make.py``. They are this project's own."""

import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIDE = 384
OVERSAMPLING = 4
N = SIDE * OVERSAMPLING

Canvas = tuple[Image.Image, ImageDraw.ImageDraw]


def main() -> None:
    """Write every sample beside this file."""
    for name, draw in SAMPLES.items():
        image = draw().resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.quantize(192).save(Path(__file__).with_name(f"{name}.png"), optimize=True)


def analog_clock() -> Image.Image:
    image, pen = sky((205, 185, 160), (190, 168, 140))
    pen.ellipse(around(0.5, 0.5, 0.42), fill=(58, 40, 28))
    pen.ellipse(around(0.5, 0.5, 0.375), fill=(250, 247, 238))
    for minute in range(60):
        angle = math.radians(minute * 6)
        inner = 0.31 if minute % 5 == 0 else 0.335
        pen.line(
            [spot(angle, inner), spot(angle, 0.355)],
            fill=(25, 25, 25),
            width=N // (70 if minute % 5 == 0 else 200),
        )
    for angle, length, width in ((math.radians(305), 0.2, 38), (math.radians(60), 0.29, 55)):
        pen.line(
            [spot(angle + math.pi, 0.04), spot(angle, length)], fill=(20, 20, 20), width=N // width
        )
    pen.ellipse(around(0.5, 0.5, 0.022), fill=(160, 30, 30))
    return image


def soccer_ball() -> Image.Image:
    image, _pen = sky((110, 165, 80), (70, 125, 50))
    shade = Image.new("L", (N, N), 0)
    ImageDraw.Draw(shade).ellipse(box(0.16, 0.8, 0.88, 0.93), fill=140)
    image.paste((20, 45, 15), mask=shade.filter(ImageFilter.GaussianBlur(N * 0.02)))
    ball = Image.new("RGB", (N, N), (245, 245, 242))
    on_ball = ImageDraw.Draw(ball)
    on_ball.polygon(pentagon(0.5, 0.48, 0.13, 0), fill=(25, 25, 28))
    for i in range(5):
        angle = math.radians(72 * i)
        near, far = spot(angle, 0.13, 0.5, 0.48), spot(angle, 0.24, 0.5, 0.48)
        on_ball.line([near, far], fill=(40, 40, 44), width=N // 90)
        x, y = (c / N for c in spot(angle, 0.36, 0.5, 0.48))
        on_ball.polygon(pentagon(x, y, 0.125, angle + math.pi), fill=(25, 25, 28))
        half = math.radians(72 * i + 36)
        for corner in (angle, angle + math.radians(72)):
            on_ball.line(
                [spot(half, 0.30, 0.5, 0.48), spot(corner, 0.24, 0.5, 0.48)],
                fill=(40, 40, 44),
                width=N // 90,
            )
        on_ball.line(
            [spot(half, 0.30, 0.5, 0.48), spot(half, 0.45, 0.5, 0.48)],
            fill=(40, 40, 44),
            width=N // 90,
        )
    mask = Image.new("L", (N, N), 0)
    ImageDraw.Draw(mask).ellipse(around(0.5, 0.48, 0.4), fill=255)
    light = Image.new("L", (N, N), 0)
    ImageDraw.Draw(light).ellipse(around(0.44, 0.4, 0.34), fill=110)
    ball = Image.composite(
        ball,
        ball.point(lambda v: v * 0.8),
        light.filter(ImageFilter.GaussianBlur(N * 0.1)).point(lambda v: min(255, v * 3)),
    )
    image.paste(ball, mask=mask)
    return image


def hot_air_balloon() -> Image.Image:
    image, pen = sky((90, 150, 215), (215, 232, 245))
    envelope = Image.new("RGB", (N, N), (220, 60, 50))
    stripes = ImageDraw.Draw(envelope)
    for i, colour in enumerate([(220, 60, 50), (245, 190, 60), (220, 60, 50), (250, 240, 225)] * 2):
        half = 0.36 * math.cos(math.pi * (i + 0.5) / 12)
        if half > 0:
            stripes.ellipse(box(0.5 - half, 0.04, 0.5 + half, 0.76), fill=colour)
    mask = Image.new("L", (N, N), 0)
    outline = ImageDraw.Draw(mask)
    outline.ellipse(box(0.16, 0.05, 0.84, 0.68), fill=255)
    outline.polygon([at(0.2, 0.48), at(0.8, 0.48), at(0.57, 0.76), at(0.43, 0.76)], fill=255)
    image.paste(envelope, mask=mask)
    for x in (0.45, 0.55):
        pen.line([at(x, 0.76), at(0.5 + (x - 0.5) * 0.7, 0.86)], fill=(60, 45, 35), width=N // 150)
    pen.rounded_rectangle(box(0.455, 0.85, 0.545, 0.93), radius=N * 0.012, fill=(130, 85, 45))
    return image


def candle() -> Image.Image:
    image, pen = sky((18, 14, 22), (40, 26, 20))
    glow(image, 0.5, 0.3, 0.3, (255, 150, 40))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle(box(0.4, 0.45, 0.6, 0.98), radius=N * 0.02, fill=(240, 225, 195))
    pen.ellipse(box(0.4, 0.43, 0.6, 0.48), fill=(250, 238, 210))
    pen.line([at(0.5, 0.455), at(0.5, 0.38)], fill=(40, 30, 25), width=N // 100)
    pen.ellipse(box(0.455, 0.22, 0.545, 0.42), fill=(255, 190, 70))
    pen.polygon([at(0.46, 0.3), at(0.54, 0.3), at(0.5, 0.12)], fill=(255, 190, 70))
    pen.ellipse(box(0.475, 0.29, 0.525, 0.41), fill=(255, 245, 210))
    return image


def umbrella() -> Image.Image:
    image, pen = sky((170, 185, 200), (205, 213, 220))
    pen.line([at(0.5, 0.1), at(0.5, 0.85)], fill=(60, 50, 45), width=N // 50)
    pen.arc(box(0.5, 0.78, 0.62, 0.92), 0, 180, fill=(60, 50, 45), width=N // 50)
    pen.pieslice(box(0.08, 0.12, 0.92, 0.96), 180, 360, fill=(200, 40, 60))
    for left, right, _colour in (
        (0.08, 0.36, (225, 70, 85)),
        (0.36, 0.64, (200, 40, 60)),
        (0.64, 0.92, (170, 25, 45)),
    ):
        pen.ellipse(box(left, 0.49, right, 0.59), fill=(188, 201, 212))
    pen.pieslice(box(0.36, 0.12, 0.64, 0.96), 180, 360, fill=(225, 75, 90))
    pen.ellipse(box(0.36, 0.49, 0.64, 0.59), fill=(188, 201, 212))
    pen.line([at(0.5, 0.52), at(0.5, 0.85)], fill=(60, 50, 45), width=N // 50)
    return image


def strawberry() -> Image.Image:
    image, pen = sky((250, 250, 248), (238, 238, 236))
    pen.ellipse(box(0.17, 0.24, 0.58, 0.66), fill=(214, 24, 40))
    pen.ellipse(box(0.42, 0.24, 0.83, 0.66), fill=(214, 24, 40))
    pen.polygon(
        [at(0.2, 0.52), at(0.8, 0.52), at(0.56, 0.9), at(0.5, 0.93), at(0.44, 0.9)],
        fill=(214, 24, 40),
    )
    pen.ellipse(box(0.3, 0.4, 0.7, 0.85), fill=(220, 30, 45))
    for row in range(7):
        for column in range(8 - row):
            x, y = 0.5 + (column - (7 - row) / 2) * 0.08, 0.36 + row * 0.08
            pen.ellipse(box(x - 0.009, y - 0.014, x + 0.009, y + 0.014), fill=(250, 215, 110))
    for i in range(7):
        angle = math.radians(-90 + i * 30)
        tip = spot(angle, 0.26, 0.5, 0.26)
        pen.polygon(
            [spot(angle - 0.5, 0.08, 0.5, 0.24), tip, spot(angle + 0.5, 0.08, 0.5, 0.24)],
            fill=(60, 140, 45),
        )
    pen.line([at(0.5, 0.25), at(0.53, 0.1)], fill=(70, 130, 45), width=N // 45)
    return image


def sky(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Canvas:
    """A canvas that runs from one colour to another."""
    gradient = Image.linear_gradient("L").resize((N, N))
    image = Image.composite(
        Image.new("RGB", (N, N), bottom), Image.new("RGB", (N, N), top), gradient
    )
    return image, ImageDraw.Draw(image)


def glow(
    image: Image.Image, x: float, y: float, radius: float, colour: tuple[int, int, int]
) -> None:
    """Light around a point."""
    mask = Image.new("L", (N, N), 0)
    ImageDraw.Draw(mask).ellipse(around(x, y, radius), fill=170)
    image.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(N * radius / 3)))


def at(x: float, y: float) -> tuple[float, float]:
    """Shares of the side → pixels."""
    return x * N, y * N


def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Shares of the side → pixels."""
    return left * N, top * N, right * N, bottom * N


def around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    """The box of a circle."""
    return box(x - radius, y - radius, x + radius, y + radius)


def spot(angle: float, radius: float, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
    """A point on a circle; angles run clockwise from the top, in radians."""
    return at(x + radius * math.sin(angle), y - radius * math.cos(angle))


def pentagon(x: float, y: float, radius: float, turn: float) -> list[tuple[float, float]]:
    """Corners of a regular pentagon."""
    return [spot(turn + math.radians(72 * i), radius, x, y) for i in range(5)]


SAMPLES: dict[str, Callable[[], Image.Image]] = {
    draw.__name__: draw
    for draw in (hot_air_balloon, soccer_ball, strawberry, analog_clock, umbrella, candle)
}

if __name__ == "__main__":
    main()
