import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_classifier.export.__main__ import main
from image_classifier.export.write import FILES

FUNCTIONS = Path(__file__).parents[3] / "functions"
# Stands in for python -m: the same entry, and it shows that TensorFlow was not waited for.
WITHOUT_TENSORFLOW = """
import os, sys
from image_classifier.export.__main__ import main
status = main(sys.argv[1:], os.environ)
loaded = {"tensorflow", "keras"} & sys.modules.keys()
sys.exit(f"imported {loaded}" if loaded else status)
"""


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, *arguments],
        env=os.environ | {"PYTHONPATH": str(FUNCTIONS)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def error_line(result: subprocess.CompletedProcess[str]) -> str:
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.fixture
def lite0_folder(embedded_model: Path, tmp_path: Path) -> Path:
    """What the exporter makes of EfficientNet-Lite0: another test says so."""
    for name in FILES:
        shutil.copy2(embedded_model / name, tmp_path)
    return tmp_path


def test_without_network_it_says_what_to_do_and_exits_3(tmp_path: Path) -> None:
    result = run(
        *("--model", "resnet50", "--output", str(tmp_path / "out")),
        HTTPS_PROXY="http://127.0.0.1:1",  # a network that leads nowhere, on any machine
        KERAS_HOME=str(tmp_path),
        RESNET50_WEIGHTS="",
    )
    assert result.returncode == 3, result.stderr
    line = error_line(result)
    assert line.startswith("error: Cannot download https://storage.googleapis.com/")
    assert "no connection" in line
    assert "RESNET50_WEIGHTS=FILE" in line
    assert "MODEL=efficientnet-lite0" in line
    assert not (tmp_path / "out").exists()


def test_if_missing_is_done_without_tensorflow(lite0_folder: Path) -> None:
    before = (lite0_folder / "model.json").stat().st_mtime_ns
    result = run("--model", "efficientnet-lite0", "--output", str(lite0_folder), "--if-missing")
    assert result.returncode == 0, result.stderr
    assert "already there" in result.stdout
    assert (lite0_folder / "model.json").stat().st_mtime_ns == before


def test_weights_that_are_named_but_not_there_are_an_error_not_a_fallback(tmp_path: Path) -> None:
    result = run(
        *("--model", "resnet50", "--output", str(tmp_path / "out")),
        RESNET50_WEIGHTS=str(tmp_path / "absent.h5"),
    )
    assert result.returncode == 2, result.stderr
    assert "absent.h5" in error_line(result)


def test_resnet50_weights_do_not_matter_to_another_model(lite0_folder: Path) -> None:
    result = run(
        *("--model", "efficientnet-lite0", "--output", str(lite0_folder), "--if-missing"),
        RESNET50_WEIGHTS="/absent.h5",
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.keras", None, "No such file"),
        ("text.keras", b"not a zip", "Keras 3's format"),
        ("empty.keras", b"", "Keras 3's format"),
        ("old.h5", b"\x89HDF\r\n\x1a\n", "Keras 3's format"),
    ],
)
def test_says_what_is_wrong_with_a_model_file(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("--model-file", str(tmp_path / name), "--output", str(tmp_path / "out"))
    assert result.returncode == 2, result.stderr
    assert reason in error_line(result)


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.h5", b"text"), ("weights.bin", b"\x89HDF\r\n\x1a\n"), ("a.h5", b"")],
)
def test_says_that_weights_are_not_hdf5(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    result = run(
        *("--model", "resnet50", "--weights", str(tmp_path / name)),
        *("--output", str(tmp_path / "out")),
    )
    assert result.returncode == 2, result.stderr
    assert "HDF5" in error_line(result)


def test_does_not_touch_a_folder_that_is_not_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    result = run("--model", "efficientnet-lite0", "--output", str(tmp_path))
    assert result.returncode == 2, result.stderr
    assert "thesis.tex" in error_line(result)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--model", "vgg16"),
        ("--model", "resnet50", "--model-file", "x.keras"),
        ("--model", "resnet50", "--labels-file", "x.json"),
        ("--model", "resnet50", "--preprocess", "tf"),
        ("--model", "resnet50", "--name", "mine"),
        ("--model", "resnet50", "--quantization", "int4"),
        ("--model-file", "x.keras", "--preprocess", "imagenet"),
        ("--model", "resnet50", "--if-missing", "--golden", "golden"),
    ],
)
def test_refuses_wrong_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--output", str(tmp_path / "out")], {})
    assert "error: " in capsys.readouterr().err


def test_refuses_a_name_that_leads_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--model-file", "x.keras", "--name", "../mine", "--output", str(tmp_path / "out"))
    assert main(arguments, {}) == 2
    assert "error: '../mine' is no model name" in capsys.readouterr().err
