"""Photos to send."""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from infra.commands.launch import ENVIRON, ROOT
from loadtest.photos import generated_photos, load_photos


def test_generated_photos_have_their_sizes_within_ten_percent():
    sizes = [len(photo.data) for photo in generated_photos()]

    for size, aim in zip(sizes, (50_000, 500_000, 3_000_000), strict=True):
        assert abs(size - aim) <= aim / 10


def test_generated_photos_are_whole_jpegs_and_the_same_each_time():
    first = generated_photos()
    generated_photos.cache_clear()

    assert generated_photos() == first
    for photo in first:
        with Image.open(io.BytesIO(photo.data)) as image:
            image.load()
            assert image.format == "JPEG"


def test_photos_of_a_folder_are_taken_whatever_the_case_of_their_ending(tmp_path: Path):
    for name in ("a.JPEG", "b.jpg", "c.png", "notes.txt"):
        Image.new("RGB", (8, 8)).save(tmp_path / name, "PNG" if name == "c.png" else "JPEG")

    photos = load_photos(tmp_path)

    assert [photo.name for photo in photos] == ["a.JPEG", "b.jpg", "c.png"]
    assert [photo.content_type for photo in photos] == ["image/jpeg", "image/jpeg", "image/png"]


def test_photos_the_api_refuses_are_left_out(tmp_path: Path):
    (tmp_path / "small.jpg").write_bytes(b"x")
    (tmp_path / "large.jpg").write_bytes(bytes(4_500_001))

    assert [photo.name for photo in load_photos(tmp_path)] == ["small.jpg"]


def test_without_photos_generated_ones_are_sent(tmp_path: Path):
    assert load_photos(None) == load_photos(tmp_path) == generated_photos()
    assert load_photos(tmp_path / "missing") == generated_photos()


LOADING = """
import gevent
from types import SimpleNamespace
from locust import events
import loadtest.locustfile

turns = 0
def work():
    global turns
    while True:
        turns += 1
        gevent.sleep(0)
gevent.spawn(work)
options = SimpleNamespace(photos="")
events.test_start.fire(environment=SimpleNamespace(parsed_options=options))
print(turns)
"""


def test_a_worker_goes_on_while_its_photos_are_made():
    """Or its master would take it for lost, and end the run."""
    command = [sys.executable, "-c", LOADING]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, capture_output=True, check=True)

    assert int(done.stdout) > 1
