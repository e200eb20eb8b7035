"""What both handlers get: the same photos, as API Gateway events, and the same weights."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from PIL import Image

from deployment_check.request import post
from loadtest.photos import encode

FOLDER = Path("build/bench")
SEED = 0
WRITE_RANDOM_RESNET50 = f"""
import sys, keras
keras.utils.set_random_seed({SEED})
keras.applications.ResNet50(weights=None).save_weights(sys.argv[1])
"""


@dataclass(frozen=True)
class Material:
    """Files on disk: ``weights`` (.h5), ``model_dir`` made of them, a photo, and two events."""

    weights: Path
    models_dir: Path
    model_dir: Path
    photo: Path
    photo_event: Path
    large_event: Path


def prepare() -> Material:
    """Make what is missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    weights = (FOLDER / "resnet50_random.weights.h5").resolve()
    if not weights.exists():
        _run("-c", WRITE_RANDOM_RESNET50, str(weights))
    models_dir = (FOLDER / "models").resolve()
    export = ("-m", "image_classifier.export", "--if-missing", "--model", "resnet50")
    _run(*export, "--weights", str(weights), "--output", str(models_dir / "resnet50"))
    portrait = distribution("scikit-image").locate_file("skimage/data/astronaut.png")
    image = Image.open(str(portrait)).convert("RGB")
    photo = _jpeg(FOLDER / "photo.jpg", image, quality=96)
    large = _jpeg(FOLDER / "photo-12mp.jpg", _with_grain(image.resize((4000, 3000))), quality=88)
    return Material(
        weights, models_dir, models_dir / "resnet50", photo, _event(photo), _event(large)
    )


def _run(*arguments: str) -> None:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, *arguments], check=True, env=os.environ | quiet)


def _with_grain(image: Image.Image) -> Image.Image:
    """Enlarged pixels compress unlike a camera's: grain of σ = 4 makes the file 12 MP-sized."""
    grain = np.random.default_rng(SEED).normal(0, 4, (image.height, image.width, 1))
    return Image.fromarray(np.uint8(np.clip(np.asarray(image) + grain, 0, 255)))


def _jpeg(path: Path, image: Image.Image, quality: int) -> Path:
    path.write_bytes(encode(image, "JPEG", quality=quality))
    return path


def _event(photo: Path) -> Path:
    """The photo as API Gateway's HTTP API hands it over."""
    path = photo.with_suffix(".event.json")
    path.write_text(json.dumps(post("/v1/predict", photo.read_bytes(), "image/jpeg")))
    return path
