"""Variables that functions get here instead of the cloud's."""

import os
import secrets
from pathlib import Path

from infra.commands.model import ServedModel
from infra.local.aws.stand_in import client_variables


def local_variables(data: Path, model: ServedModel, aws_url: str) -> dict[str, str]:
    """Where the model and its labels lie, where AWS answers, and a receipt key of its own."""
    variables = {
        "MODEL_DIR": str(model.folder),
        "LABELS_FILE": str(model.folder / "labels.json"),
        "RECEIPT_KEY": _receipt_key(data / "receipt-key"),
    }
    if model.fallback_from:
        variables["MODEL_FALLBACK_FROM"] = model.fallback_from
    return variables | client_variables(aws_url)


def _receipt_key(path: Path) -> str:
    """Made once, so that feedback can still be given after a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key
