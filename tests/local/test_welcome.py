"""The photo and the command line that the terminal shows."""

import shlex
from pathlib import Path

from infra.commands.welcome import curl_line, find_photo


def test_the_photo_given_comes_first(tmp_path: Path):
    choice, photo = tmp_path / "given.png", tmp_path / "a.jpg"
    for path in (choice, photo):
        path.write_bytes(b"x")

    assert find_photo(choice, {"PHOTOS_DIR": str(tmp_path)}) == choice
    assert find_photo(None, {"PHOTOS_DIR": str(tmp_path)}) == photo


def test_photos_the_service_would_refuse_are_passed_over(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(bytes(4_600_000))
    (tmp_path / "labels.csv").write_bytes(b"x")
    (tmp_path / "z.JPEG").write_bytes(b"x")

    assert find_photo(None, {"PHOTOS_DIR": str(tmp_path)}) == tmp_path / "z.JPEG"


def test_a_packaged_photo_is_there_when_nothing_else_is(tmp_path: Path):
    photo = find_photo(tmp_path / "missing.jpg", {})

    assert photo is not None
    assert photo.parts[-3:-1] == ("skimage", "data")
    assert photo.is_file()


def test_the_command_survives_the_shell(tmp_path: Path):
    photo = tmp_path / "it's a cat.jpg"

    words = shlex.split(curl_line("http://127.0.0.1:8000", photo))

    assert words[0] == "curl"
    assert f"@{photo}" in words
    assert "content-type: image/jpeg" in words
    assert words[-1] == "http://127.0.0.1:8000/v1/predict"
