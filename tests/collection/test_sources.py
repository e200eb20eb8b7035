"""Photos in folders and archives: whatever is in there is a row or a message."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.commands.collection.archive import ZipPhotos
from infra.commands.collection.folder import FolderOutput, FolderPhotos
from serving.collection import (
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    SourceUnavailable,
)

NAMES = ["=cmd().jpg", 'q"uote.jpg', "new\nline.jpg", "😀.jpg", "caf\udce9.jpg", "sub/a.jpg"]
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "photos" / name).write_bytes(b"12345")
    return tmp_path / "photos"


@pytest.fixture
def photos(folder: Path) -> FolderPhotos:
    return FolderPhotos(folder, without=folder / "sorted")


@pytest.fixture
def locked(folder: Path) -> Iterator[None]:
    """A folder and a file without permissions, met by a user whom these bind, even as root."""
    for path in (folder / "sub", folder / "😀.jpg"):
        path.chmod(0)
    if os.geteuid():
        yield
        return
    for parent in folder.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:  # pytest's own folders
            parent.chmod(0o755)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def keys(source: FolderPhotos | ZipPhotos) -> list[str]:
    return [photo.key for photo in source.list()]


def test_files_are_listed_in_order_of_their_bytes_and_read_by_any_name(photos: FolderPhotos):
    assert keys(photos) == sorted(NAMES, key=os.fsencode)
    assert [photos.read(key, 5) for key in keys(photos)] == [b"12345"] * len(NAMES)


def test_paths_have_one_order_whatever_their_folders(tmp_path: Path):
    for name in ("a/z", "a.b", "a0", "a-/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert keys(FolderPhotos(tmp_path, tmp_path / "-")) == ["a-/y", "a.b", "a/z", "a0"]


def test_results_below_the_photos_are_no_photos(folder: Path, photos: FolderPhotos):
    (folder / "sorted").mkdir()
    (folder / "sorted" / "b.jpg").touch()

    assert "sorted/b.jpg" not in keys(photos)


def test_a_loop_of_links_ends(folder: Path, photos: FolderPhotos):
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "itself.jpg").symlink_to("itself.jpg")

    assert set(keys(photos)) == {*NAMES, "itself.jpg"}
    with pytest.raises(PhotoUnreadable, match="symbolic links"):
        photos.read("itself.jpg", 9)


def test_a_pipe_is_not_waited_for(folder: Path, photos: FolderPhotos):
    os.mkfifo(folder / "pipe.jpg")

    assert "pipe.jpg" in keys(photos)
    with pytest.raises(PhotoUnreadable, match="no regular file"):
        photos.read("pipe.jpg", 9)


def test_a_photo_that_vanished_or_grew_is_its_own_error(folder: Path, photos: FolderPhotos):
    (folder / "=cmd().jpg").unlink()

    with pytest.raises(PhotoMissing):
        photos.read("=cmd().jpg", 5)
    with pytest.raises(PhotoTooLarge):
        photos.read("😀.jpg", 4)


@pytest.mark.usefixtures("locked")
def test_a_folder_that_cannot_be_read_is_one_entry(photos: FolderPhotos):
    assert [photo.key for photo in photos.list() if photo.size is None] == ["sub"]
    for key in ("sub", "😀.jpg"):
        with pytest.raises(PhotoUnreadable, match="Permission denied"):
            photos.read(key, 9)


def test_a_missing_folder_is_one_message(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match="nowhere: No such file"):
        keys(FolderPhotos(tmp_path / "nowhere", tmp_path))


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("dir/", b"")
        for name in sorted(NAMES[:4], reverse=True):
            file.write(folder / name, name)
    return path


def test_an_archive_is_read_where_it_is(archive: Path):
    photos = ZipPhotos(archive)

    assert keys(photos) == ["=cmd().jpg", "dir/", "new\nline.jpg", 'q"uote.jpg', "😀.jpg"]
    assert photos.read("😀.jpg", 5) == b"12345"
    with pytest.raises(PhotoTooLarge):
        photos.read("😀.jpg", 4)
    with pytest.raises(PhotoMissing):
        photos.read("other.jpg", 4)


def test_damage_in_an_archive_is_that_photo_s_alone(archive: Path):
    data = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        header = file.getinfo("😀.jpg").header_offset
    data[header + 30 + len("😀.jpg".encode())] ^= 0xFF  # behind the local header: the content
    archive.write_bytes(data)

    with pytest.raises(PhotoUnreadable):
        ZipPhotos(archive).read("😀.jpg", 9)
    assert ZipPhotos(archive).read("=cmd().jpg", 9) == b"12345"


@pytest.mark.parametrize(("offset", "value"), [(6, 1), (8, 99)], ids=["a password", "a method"])
def test_what_an_archive_does_not_give_out_is_that_photo_s_alone(
    archive: Path, offset: int, value: int
):
    with zipfile.ZipFile(archive) as file:
        start, central = file.getinfo("new\nline.jpg").header_offset, file.start_dir
        data = bytearray(archive.read_bytes())
    entry = data.index(b"new\nline.jpg", central) - 46  # a central header's fixed part
    data[start + offset] = data[entry + offset + 2] = value
    archive.write_bytes(data)

    with pytest.raises(PhotoUnreadable, match="does not give the file out"):
        ZipPhotos(archive).read("new\nline.jpg", 100)
    assert ZipPhotos(archive).read("😀.jpg", 5) == b"12345"


def test_what_is_no_archive_is_one_message(tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(b"not a zip")

    with pytest.raises(SourceUnavailable, match="cannot be read"):
        keys(ZipPhotos(tmp_path / "a.zip"))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path):
    output = FolderOutput(tmp_path)

    def fail() -> None:
        with output.writer("shards/0") as file:
            file.write(b"x" * (1 // 0))

    with pytest.raises(ZeroDivisionError):
        fail()

    assert list((tmp_path / "shards").iterdir()) == []
    assert output.create("shards/0", b"first")
    assert not output.create("shards/0", b"second")
    assert output.read("shards/0") == b"first"
