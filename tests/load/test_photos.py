"""Photos to send."""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from infra.commands.launch import ENVIRON, ROOT
from loadtest.photos import generated_photos, load_photos


def test_generated_photos_are_whole_jpegs_of_their_sizes_and_the_same_each_time():
    photos = generated_photos()
    generated_photos.cache_clear()

    assert generated_photos() == photos
    for photo, size_bytes in zip(photos, (50_000, 500_000, 3_000_000), strict=True):
        assert abs(len(photo) - size_bytes) <= size_bytes / 20
        with Image.open(io.BytesIO(photo)) as image:
            image.load()
            assert image.format == "JPEG"


def test_photos_of_a_folder_are_taken_but_for_those_the_api_refuses(tmp_path: Path):
    names = ("a.JPEG", "b.jpg", "c.png")
    for name in (*names, "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "large.jpg").write_bytes(bytes(4_500_001))

    assert load_photos(str(tmp_path)) == tuple(name.encode() for name in names)


def test_without_photos_generated_ones_are_sent(tmp_path: Path):
    assert load_photos("") == load_photos(str(tmp_path)) == generated_photos()
    assert load_photos(str(tmp_path / "missing")) == generated_photos()


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
        gevent.sleep(0.001)
gevent.spawn(work)
options = SimpleNamespace(photos="", photo_form="json")
events.test_start.fire(environment=SimpleNamespace(parsed_options=options))
print(turns)
"""


def test_a_worker_goes_on_while_its_photos_are_made():
    """Or its master would take it for lost, and end the run."""
    command = [sys.executable, "-c", LOADING]
    finished = subprocess.run(command, cwd=ROOT, env=ENVIRON, capture_output=True, check=True)

    assert int(finished.stdout) > 1
