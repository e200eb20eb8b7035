"""Manifest and model → a folder that a function reads."""

import json
from pathlib import Path
from typing import Any

from serving.artifact import MANIFEST_FILE
from tabular.artifact import MODEL_FILE, load_artifact


def write_artifact(folder: Path, manifest: dict[str, Any], model: bytes) -> None:
    """Write both beside their places, then rename them; what reads a mixture refuses it.

    Raises:
        ArtifactInvalid: they do not belong together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        MODEL_FILE: model,
        MANIFEST_FILE: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode(),
    }
    for name, data in content.items():
        (folder / f"{name}.new").write_bytes(data)
    for name in content:
        (folder / f"{name}.new").replace(folder / name)
    load_artifact(folder)
