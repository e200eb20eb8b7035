"""A model artifact: a folder with ``model.json``, its manifest, and the model that this describes.

The build writes it, the image contains it, and a function reads from nothing else what it serves.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from serving.errors import ServiceError

MANIFEST_FILE = "model.json"
VERSION_DIGITS = 12


class ArtifactInvalid(ServiceError):
    """The artifact is missing, incomplete, or not what its manifest says."""

    code = "artifact_invalid"


def read_verified(folder: Path, model_file: str) -> tuple[dict[str, Any], bytes]:
    """The manifest in ``folder``, and the model's bytes, which are the manifest's own.

    ``version`` is the first 12 hex digits of ``sha256``.

    Raises:
        ArtifactInvalid: a file is missing or malformed, or the model is another one.
    """
    manifest = read_manifest(folder)
    try:
        model = (folder / model_file).read_bytes()
        version, sha256 = manifest["version"], manifest["sha256"]
    except OSError as exc:
        raise ArtifactInvalid(f"No complete model artifact in {folder}: {exc.strerror}.") from exc
    except (KeyError, TypeError) as exc:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.") from exc
    if hashlib.sha256(model).hexdigest() != sha256:
        raise ArtifactInvalid(f"{folder / model_file} does not have the SHA-256 of its manifest.")
    if version != sha256[:VERSION_DIGITS]:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.")
    return manifest, model


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest in ``folder`` alone, for where its model does not serve.

    Raises:
        ArtifactInvalid: it is missing or malformed.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_bytes())
    except OSError as exc:
        raise ArtifactInvalid(f"No complete model artifact in {folder}: {exc.strerror}.") from exc
    except ValueError as exc:
        raise ArtifactInvalid(f"The model artifact in {folder} is malformed.") from exc
    return manifest
