"""What the terminal shows once the cloud answers."""

import importlib.util
import mimetypes
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.commands.model import ServedModel
from infra.local.aws_lambda.service import environments_limit
from infra.local.cloud import CloudSettings
from infra.local.sam.template import Template

_PACKAGED_PHOTOS = ("chelsea.png", "coffee.png", "astronaut.png")
_MAX_PHOTO_BYTES = 4_500_000
_PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class Addresses:
    """URLs of the page and its HTTP API, and of Lambda's own API."""

    http_api: str
    invoke_api: str


def welcome_lines(
    addresses: Addresses,
    template: Template,
    settings: CloudSettings,
    model: ServedModel,
    photo: Path | None,
) -> str:
    """Where everything is, and a line to try it with on ``photo``."""
    stands_in = f" (in place of {model.fallback_from})" if model.fallback_from else ""
    lines = ["", f"  Page         {addresses.http_api}/", f"  Model        {model.name}{stands_in}"]
    for spec in template.functions:
        limit = environments_limit(spec, settings.environments)
        lines.append(
            f"  Function     {spec.name}: up to {limit} environments of {spec.memory_mb} MB,"
            f" {spec.provisioned_concurrency} provisioned, then a queue of {settings.queue}"
        )
    lines.append(f"  Invoke API   {addresses.invoke_api}")
    lines.append(f"  Data, logs   {settings.data}")
    if photo is not None:
        lines += ["", f"  {curl_line(addresses.http_api, photo)}"]
    return "\n".join([*lines, "", "Ctrl-C stops it all."])


def find_photo(choice: Path | None, environ: Mapping[str, str]) -> Path | None:
    """A photo to try: the one given, else from ``PHOTOS_DIR``, else one that scikit-image ships."""
    return next((path for path in _candidates(choice, environ) if path.is_file()), None)


def curl_line(url: str, photo: Path) -> str:
    """A command that classifies ``photo``, to be pasted as it is."""
    media_type = mimetypes.guess_type(photo.name)[0] or "application/octet-stream"
    data = shlex.quote(f"@{photo}")
    return f"curl -H 'content-type: {media_type}' --data-binary {data} {url}/v1/predict"


def _candidates(choice: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    if choice is not None:
        yield choice.resolve()
    folder = Path(environ.get("PHOTOS_DIR") or os.devnull)
    if folder.is_dir():
        for photo in sorted(folder.iterdir()):
            small = photo.is_file() and photo.stat().st_size <= _MAX_PHOTO_BYTES
            if photo.suffix.lower() in _PHOTO_SUFFIXES and small:
                yield photo.resolve()
    # Found, not imported: importing scikit-image takes a second.
    package = importlib.util.find_spec("skimage")
    if package is not None and package.origin is not None:
        for name in _PACKAGED_PHOTOS:
            yield Path(package.origin).with_name("data") / name
