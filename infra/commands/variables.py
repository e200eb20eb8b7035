"""Variables that functions get here instead of the cloud's."""

import json
import os
import secrets
from pathlib import Path

from infra.commands.model import ServedModel
from infra.local.aws.stand_in import client_variables

# Function → its model's name, and where the embedded one lies in the folder functions start in.
_TABULAR = {
    "IrisFunction": ("iris", "iris/model"),
    "FlightDelayFunction": ("flight-delay", "flight_delay/model"),
}


def shared_variables(aws_url: str, invoke_url: str) -> dict[str, str]:
    """What every function gets: where AWS answers, and where Lambda does."""
    return client_variables(aws_url) | {"AWS_ENDPOINT_URL_LAMBDA": invoke_url}


def own_variables(data: Path, model: ServedModel, models_dir: Path) -> dict[str, dict[str, str]]:
    """What single functions get: where the model and its labels lie, one key for receipts, and the
    tabular models that ``make model`` exported to ``models_dir``, which the classifier lists."""
    key = {"RECEIPT_KEY": _receipt_key(data / "receipt-key")}
    classifier = {"MODEL_DIR": str(model.folder), **key}
    if model.fallback_from:
        classifier["MODEL_FALLBACK_FROM"] = model.fallback_from
    labels = {"LABELS_FILE": str(model.folder / "labels.json")}
    exported = {
        function: str(models_dir / name)
        for function, (name, _) in _TABULAR.items()
        if (models_dir / name / "model.json").exists()
    }
    served = [exported.get(function, embedded) for function, (_, embedded) in _TABULAR.items()]
    return {
        **{function: {"MODEL_DIR": folder} for function, folder in exported.items()},
        "TabularDoorsFunction": {
            f"{_TABULAR[function][1].partition('/')[0].upper()}_MODEL_DIR": folder
            for function, folder in exported.items()
        },
        "ClassifierFunction": {**classifier, "OTHER_MODELS": json.dumps(served)},
        "CollectionWorkerFunction": {"MODEL_DIR": str(model.folder)},
        "PhotoDoorsFunction": {"MODEL_DIR": str(model.folder)},
        "WorkerFunction": classifier,
        "FeedbackFunction": {**labels, **key, "PREVIOUS_RECEIPT_KEY": ""},
        "FeedbackCheckFunction": key,
    }


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
