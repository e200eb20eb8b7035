"""A folder of photos, and ``make collection`` begun on it as a process."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT

ENVIRON = os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"}
PHOTOS, MANY, BAD = 36, 156, 4
Process = subprocess.Popen


@pytest.fixture
def photos(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Photos in two folders, and four files that are none though their names say so.

    Two batches, or as many as a test asks for that ends the command in the midst of them.
    """
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for i in range(getattr(request, "param", PHOTOS)):
        colour = (i, 255 - i, i * 40 % 256)
        Image.new("RGB", (64, 48), colour).save(folder / ("sub" if i % 2 else ".") / f"{i:03}.jpg")
    (folder / "000.jpg").rename(folder / "caf\udce9 =1+1.jpg")  # Latin-1 bytes
    (folder / "damaged.jpg").write_bytes((folder / "002.jpg").read_bytes()[:200])
    (folder / "empty.png").touch()
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(60_000_000)
    os.mkfifo(folder / "pipe.jpg")
    return folder


@pytest.fixture
def begin(photos: Path, tmp_path: Path) -> Callable[..., Process]:
    def start(*options: str, output: str = "sorted", limit: int | None = None) -> Process:
        def limit_files() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        named = ("--photos", str(photos), "--output", str(tmp_path / output))
        model = ("--model", "efficientnet-lite0", "--concurrency", "2")
        data = ("--data", str(tmp_path / "data"))
        return Process(
            [sys.executable, "-m", "infra.commands.collection", *named, *model, *data, *options],
            cwd=ROOT,
            env=ENVIRON,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=limit_files,
        )

    return start
