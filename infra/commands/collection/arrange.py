"""One folder per class: what people want of a collection in the end."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from infra.commands.collection.archive import ZipPhotos
from infra.commands.collection.folder import FolderPhotos
from serving.collection import Row, is_unsure

CLASSES, UNSURE = "classes", "unsure"


def arrange(
    rows: Iterable[Row],
    photos: FolderPhotos | ZipPhotos,
    output: Path,
    *,
    min_score: float | None,
    link: bool,
) -> int:
    """Link or copy every classified photo into its class's folder, where it keeps its own path;
    how many. What was arranged before is removed: a photo may have become unsure.

    Raises:
        OSError: the disk is full, or the file system knows no links.
    """
    for name in (CLASSES, UNSURE):
        shutil.rmtree(output / name, ignore_errors=True)
    count = 0
    for row in rows:
        if row.label is None or row.score is None:
            continue
        unsure = is_unsure(row.score, sure=row.sure, min_score=min_score)
        folder = output / UNSURE if unsure else output / CLASSES / folder_name(row.label)
        target = folder / inside(row.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        count += _place(row, photos, target, link=link)
    return count


def folder_name(label: str) -> str:
    """A label as the name of a folder, on any system."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", label).strip(". ") or "_"


def inside(key: str) -> Path:
    """A key as a path that cannot lead out of its folder: archives may hold ``../x`` and ``/x``."""
    parts = [part for part in PurePosixPath(key).parts if part not in {"/", "//", "..", "."}]
    return Path(*parts)


def _place(row: Row, photos: FolderPhotos | ZipPhotos, target: Path, *, link: bool) -> bool:
    """False where the photo is gone, or another one now."""
    if isinstance(photos, FolderPhotos):
        path = photos.folder / row.key
        if not path.is_file():
            return False
        if link:
            target.symlink_to(path)
        else:
            shutil.copy2(path, target)
        return True
    assert row.size is not None
    target.write_bytes(photos.read(row.key, row.size))
    return True
