"""Artifact → folder, whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from image_classifier.artifact import (
    LABELS_FILE,
    MODEL_FILE,
    Artifact,
    Manifest,
    load_artifact,
)
from image_classifier.export.errors import InvalidInput
from serving.artifact import MANIFEST_FILE

GOLDEN_FOLDER = "golden"
MADE_FROM_FILE = "made_from.txt"
"""SHA-256 of the photos that a model was taught or calibrated on, a line each."""

FILES = frozenset((MODEL_FILE, MANIFEST_FILE, LABELS_FILE))


def check_replaceable(folder: Path) -> None:
    """Make sure that writing to ``folder`` cannot destroy anything but an artifact.

    Raises:
        InvalidInput: it is a file, or a folder with something else in it.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder; name another output.")
    foreign = {entry.name for entry in folder.iterdir()} if folder.exists() else set()
    foreign -= FILES | {GOLDEN_FOLDER, MADE_FROM_FILE}
    if foreign:
        raise InvalidInput(
            f"{folder} holds files that are no artifact's ({min(foreign)}); name another output."
        )


def check_unused(folder: Path) -> None:
    """Make sure that ``folder`` is new or empty.

    Raises:
        InvalidInput: it is a file, or holds something.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise InvalidInput(f"{folder} is not empty; name another folder for golden photos.")
    except OSError as exc:
        raise InvalidInput(f"Cannot use {folder} for golden photos: {exc.strerror}.") from exc


def beside(golden: Mapping[str, bytes], made_from: Iterable[str]) -> dict[str, bytes]:
    """What a model of one's own photos has beside it, by path: what image builds and evaluations
    need to know of it, and the service does not."""
    digests = "".join(f"{digest}\n" for digest in sorted(made_from))
    files = {f"{GOLDEN_FOLDER}/{name}": content for name, content in golden.items()}
    return {**files, MADE_FROM_FILE: digests.encode()}


def write_artifact(
    folder: Path, artifact: Artifact, others: Mapping[str, bytes] | None = None
) -> None:
    """Write beside ``folder``, read back as the runtime does, flush, and rename into place.
    ``others`` are files below it by their paths.

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
        _write_file(new / MANIFEST_FILE, _json(_stated(artifact.manifest)))
        _write_file(new / LABELS_FILE, _json([asdict(label) for label in artifact.labels]))
        for name, content in (others or {}).items():
            (new / name).parent.mkdir(exist_ok=True)
            _write_file(new / name, content)
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


def _stated(manifest: Manifest) -> dict[str, Any]:
    """Without a calibration where there was none."""
    return {name: value for name, value in asdict(manifest).items() if value is not None}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
