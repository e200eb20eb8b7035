"""Whether ResNet50's weights can be had, found out before TensorFlow is installed."""

import ast
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from image_classifier.export import available
from image_classifier.export.available import check_answers, main
from image_classifier.export.errors import WeightsUnavailable
from image_classifier.export.weights import PublishedFile
from tests.conftest import ROOT

OURS = {"image_classifier", "serving"}
CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(1000)


@pytest.fixture
def out_of_reach() -> Iterator[PublishedFile]:
    with socket.socket() as bound:  # bound, not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        yield PublishedFile(f"http://127.0.0.1:{bound.getsockname()[1]}/w.h5", "0" * 32, "MIT")


def test_an_address_that_answers_is_enough(file_server: Any, tmp_path: Path) -> None:
    published = file_server.publish("w.h5", CONTENT)
    assert main({"KERAS_HOME": str(tmp_path)}, published) == 0
    assert list(tmp_path.iterdir()) == [], "nothing is downloaded yet"


def test_a_file_that_was_downloaded_before_needs_no_network(
    file_server: Any, tmp_path: Path
) -> None:
    published = file_server.publish("w.h5", CONTENT)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "w.h5").write_bytes(CONTENT)
    assert main({"KERAS_HOME": str(tmp_path)}, published) == 0
    assert file_server.requested == []


def test_a_file_that_is_named_needs_no_network(out_of_reach: PublishedFile, tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_bytes(CONTENT)
    assert main({"RESNET50_WEIGHTS": str(tmp_path / "mine.h5")}, out_of_reach) == 0


def test_a_file_that_is_named_but_absent_is_a_mistake_to_mend(
    out_of_reach: PublishedFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main({"RESNET50_WEIGHTS": str(tmp_path / "absent.h5")}, out_of_reach) == 2
    assert "absent.h5" in capsys.readouterr().err


def test_no_connection_is_3_and_what_to_do_about_it(
    out_of_reach: PublishedFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main({"KERAS_HOME": str(tmp_path)}, out_of_reach) == 3
    error = capsys.readouterr().err
    assert "no connection" in error
    assert "RESNET50_WEIGHTS=FILE" in error


def test_an_address_without_the_file_is_3(file_server: Any, tmp_path: Path) -> None:
    published = PublishedFile(f"{file_server.url}/absent.h5", "0" * 32, "MIT")
    assert main({"KERAS_HOME": str(tmp_path)}, published) == 3


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/w.h5"
        with pytest.raises(WeightsUnavailable, match="did not answer in time"):
            check_answers(url, limit_s=0.2)


def test_it_needs_nothing_that_the_service_is_installed_without() -> None:
    """.venv has no TensorFlow and none of the exporter's packages."""
    installed = (ROOT / "requirements" / "run.txt").read_text()
    folder = Path(available.__file__).parent
    for module in ("available", "errors", "recipe", "weights"):
        for node in ast.walk(ast.parse((folder / f"{module}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                root = name.partition(".")[0]
                assert root in sys.stdlib_module_names | OURS or f"\n{root}==" in installed, (
                    module,
                    name,
                )
