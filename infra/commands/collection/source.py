"""What ``PHOTOS`` names on this machine."""

from pathlib import Path

from infra.commands.collection.archive import ZipPhotos
from infra.commands.collection.folder import FolderPhotos
from serving.collection import SourceUnavailable

Source = FolderPhotos | ZipPhotos


def source_at(path: Path, output: Path) -> Source:
    """The photos there, but for those below ``output``.

    Raises:
        SourceUnavailable: there is neither a folder nor a ``.zip``.
    """
    if path.is_dir():
        return FolderPhotos(path, without=output)
    if not path.exists():
        raise SourceUnavailable(f"{path} does not exist.")
    if path.suffix.lower() != ".zip":
        raise SourceUnavailable(f"{path} is neither a folder nor a .zip.")
    return ZipPhotos(path)
