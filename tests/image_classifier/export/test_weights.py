import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from image_classifier.export.errors import InvalidInput, WeightsUnavailable
from image_classifier.export.weights import PublishedFile, local_weights, published_weights

CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 3000


def test_downloads_once(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    first = published_weights(published, tmp_path / "cache")
    second = published_weights(published, tmp_path / "cache")
    assert first == second
    assert first.path.read_bytes() == CONTENT
    assert first.source == published.url
    assert file_server.requested == ["w.h5"]


def test_replaces_a_damaged_copy(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    (tmp_path / "w.h5").write_bytes(CONTENT[:-1])
    assert published_weights(published, tmp_path).path.read_bytes() == CONTENT


def refused(published: PublishedFile, cache: Path) -> str:
    with pytest.raises(WeightsUnavailable) as raised:
        published_weights(published, cache)
    assert list(cache.iterdir()) == [], "a part of the download was left behind"
    return str(raised.value)


def test_refuses_what_has_another_hash(file_server: Any, tmp_path: Path) -> None:
    published = replace(file_server.publish("w.h5", CONTENT), md5="0" * 32)
    assert "its MD5 is" in refused(published, tmp_path)


def test_notices_a_cut_connection(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    file_server.cut.add("w.h5")
    assert "the connection was cut" in refused(published, tmp_path)


def test_says_that_the_server_has_no_such_file(file_server: Any, tmp_path: Path) -> None:
    published = PublishedFile(f"{file_server.url}/absent.h5", "0" * 32, "MIT")
    assert "the server answered 404" in refused(published, tmp_path)


def test_says_that_there_is_no_connection(tmp_path: Path) -> None:
    with socket.socket() as bound:  # bound, not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/w.h5"
        assert "no connection" in refused(PublishedFile(url, "0" * 32, "MIT"), tmp_path)


def test_needs_no_server_for_a_good_copy(tmp_path: Path, file_server: Any) -> None:
    published = file_server.publish("w.h5", CONTENT)
    (tmp_path / "w.h5").write_bytes(CONTENT)
    assert published_weights(published, tmp_path).licence == "MIT"
    assert file_server.requested == []


def test_says_that_the_cache_cannot_be_written(file_server: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="Cannot write"):
        published_weights(file_server.publish("w.h5", CONTENT), tmp_path / "file" / "cache")


def test_recognises_the_published_file_under_any_name(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    (tmp_path / "mine.h5").write_bytes(CONTENT)
    weights = local_weights(tmp_path / "mine.h5", published)
    assert (weights.source, weights.licence) == (published.url, "MIT")


def test_states_no_licence_for_another_file(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    (tmp_path / "mine.h5").write_bytes(b"other")
    weights = local_weights(tmp_path / "mine.h5", published)
    assert (weights.source, weights.licence) == ("local file mine.h5", "not stated")


def test_names_a_local_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        local_weights(tmp_path / "absent.h5")
