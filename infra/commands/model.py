"""The model artifact, there before the cloud starts: built if missing, replaced if it must be."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

CODE_FOLDER = Path("functions")
"""Where the functions' code is, and the exporter with it."""

EMBEDDED_MODEL = "efficientnet-lite0"
_FALLS_BACK = "resnet50"
BUILT_BY_NAME = (_FALLS_BACK, EMBEDDED_MODEL)
MANIFEST_FILE = "model.json"

# The exporter's exit codes.
_UNKNOWN_MODEL = 2
_WEIGHTS_UNAVAILABLE = 3

Run = Callable[[Sequence[str]], int]


class ModelUnavailable(Exception):
    """There is no artifact to serve; ``exit_code`` is the exporter's, which has said why."""

    def __init__(self, model: str, exit_code: int) -> None:
        if model in BUILT_BY_NAME:
            message = f"The model {model} could not be built."
        else:
            names = " or ".join(BUILT_BY_NAME)
            message = f"There is no model {model}: use {names}, or build yours with `make model`."
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class ServedModel:
    """The artifact's folder, and the model it stands in for, if any."""

    name: str
    folder: Path
    fallback_from: str | None = None


def ensure_model(model: str, models_dir: Path, run: Run, say: Callable[[str], None]) -> ServedModel:
    """Have the artifact of ``model`` built if it is missing; one that is there is taken as it is.

    Where ResNet50's weights cannot be had, the embedded model takes its place, and ``say`` says so.

    Raises:
        ModelUnavailable: the exporter failed.
    """
    if (models_dir / model / MANIFEST_FILE).is_file():
        return ServedModel(model, models_dir / model)
    if model not in BUILT_BY_NAME:
        raise ModelUnavailable(model, _UNKNOWN_MODEL)
    exit_code = _export(model, models_dir, run)
    if exit_code == 0:
        return ServedModel(model, models_dir / model)
    if exit_code != _WEIGHTS_UNAVAILABLE or model != _FALLS_BACK:
        raise ModelUnavailable(model, exit_code)
    say(
        f"ResNet50's weights cannot be had, so the embedded {EMBEDDED_MODEL} serves in its place."
        " `make model` says how to get them."
    )
    embedded = ensure_model(EMBEDDED_MODEL, models_dir, run, say)
    return replace(embedded, fallback_from=model)


def run_exporter(code_folder: Path, environ: dict[str, str]) -> Run:
    """Runs the exporter from ``code_folder``, its output shown."""

    def run(arguments: Sequence[str]) -> int:
        command = [sys.executable, "-m", "image_classifier.export", *arguments]
        # Its progress is not the caller's result, so it goes where errors go.
        environment = {**environ, "PYTHONPATH": str(code_folder)}
        return subprocess.call(command, env=environment, stdout=sys.stderr)  # noqa: S603

    return run


def _export(model: str, models_dir: Path, run: Run) -> int:
    return run(["--model", model, "--output", str(models_dir / model)])
