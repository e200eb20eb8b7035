"""Real photos that installed packages carry: what an artifact is verified on.

``python -m image_classifier.export.photos FOLDER`` copies them; it needs only those packages.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

PACKAGED = {
    "scikit-image": [
        f"skimage/data/{name}"
        for name in (
            *("astronaut.png", "chelsea.png", "coffee.png", "color.png", "rocket.jpg"),
            *("motorcycle_left.png", "motorcycle_right.png", "hubble_deep_field.jpg"),
            *("retina.jpg", "ihc.png", "horse.png", "camera.png", "coins.png", "moon.png"),
            *("brick.png", "grass.png", "gravel.png", "page.png", "text.png", "cell.png"),
        )
    ],
    "scikit-learn": [f"sklearn/datasets/images/{name}" for name in ("china.jpg", "flower.jpg")],
}


def verification_photos() -> dict[str, bytes]:
    """22 photos by file name: files inside the wheels, so nothing is downloaded or imported."""
    paths = [
        Path(str(distribution(package).locate_file(file)))
        for package, files in PACKAGED.items()
        for file in files
    ]
    return {path.name: path.read_bytes() for path in paths}


if __name__ == "__main__":
    for name, photo in verification_photos().items():
        (Path(sys.argv[1]) / name).write_bytes(photo)
