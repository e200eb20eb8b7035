"""Artifact → folder, whole or not at all."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from image_classifier.artifact import (
    LABELS_FILE,
    MODEL_FILE,
    Artifact,
    load_artifact,
)
from image_classifier.export.errors import InvalidInput
from serving.artifact import MANIFEST_FILE

FILES = frozenset((MODEL_FILE, MANIFEST_FILE, LABELS_FILE))


def check_replaceable(folder: Path) -> None:
    """Make sure that writing to ``folder`` cannot destroy anything but an artifact.

    Raises:
        InvalidInput: it is a file, or a folder with something else in it.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder; name another output.")
    foreign = {entry.name for entry in folder.iterdir()} - FILES if folder.exists() else set()
    if foreign:
        raise InvalidInput(
            f"{folder} holds files that are no artifact's ({min(foreign)}); name another output."
        )


def write_artifact(folder: Path, artifact: Artifact) -> None:
    """Write beside ``folder``, read back as the runtime does, flush, and rename into place.

    An artifact that is already there is replaced only then; at worst, between two renames, there is
    none for an instant, but never a mixture.

    Raises:
        InvalidInput: the folder cannot be written, or holds something that is not an artifact.
    """
    check_replaceable(folder)
    folder = folder.resolve()  # a symlink keeps pointing; "." gets a name
    unique = f".{folder.name}.{os.getpid()}"
    new, old = folder.with_name(f"{unique}.new"), folder.with_name(f"{unique}.old")
    try:
        new.mkdir(parents=True)
        _write_file(new / MODEL_FILE, artifact.model)
        _write_file(new / MANIFEST_FILE, _json(asdict(artifact.manifest)))
        _write_file(new / LABELS_FILE, _json([asdict(label) for label in artifact.labels]))
        load_artifact(new)
        _flush(new)
        _swap(folder, new, old)
        _flush(folder.parent)
    except OSError as exc:
        raise InvalidInput(f"Cannot write the artifact to {folder}: {exc.strerror}.") from exc
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(folder: Path, new: Path, old: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)  # a folder with files in it cannot be renamed over
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise


def _write_file(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut; Windows cannot open folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
