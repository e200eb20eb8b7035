"""The model artifact, there before the cloud starts: built if missing, replaced if it must be.

The embedded model is committed. ResNet50 is built by TensorFlow, in an environment of its own that
is installed only once the weights are known to be within reach.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
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

_ROOT = Path(__file__).parents[2]
_EXPORT = _ROOT / ".export"

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Exporter:
    """``embedded`` holds the committed artifacts. ``find_weights`` looks for ResNet50's without
    TensorFlow, and ``build`` runs the exporter; both give its exit codes.
    """

    embedded: Path
    find_weights: Callable[[], int]
    build: Run


class ModelUnavailable(Exception):
    """There is no artifact to serve; ``exit_code`` is the exporter's, which has said why."""

    def __init__(self, model: str, exit_code: int) -> None:
        if model in BUILT_BY_NAME:
            message = f"The model {model} could not be built."
        else:
            names = " or ".join(BUILT_BY_NAME)
            message = (
                f"There is no model {model}: use {names}, or make yours with `make model` or "
                "`make teach`."
            )
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class ServedModel:
    """The artifact's folder, and the model it stands in for, if any."""

    name: str
    folder: Path
    fallback_from: str | None = None


def ensure_model(
    model: str, models_dir: Path, exporter: Exporter, say: Callable[[str], None]
) -> ServedModel:
    """Have the artifact of ``model`` built if it is missing; one that is there is taken as it is.

    Where ResNet50's weights cannot be had, the embedded model takes its place, and ``say`` says so.

    Raises:
        ModelUnavailable: the exporter failed.
    """
    if folder := find_model(model, (models_dir, exporter.embedded)):
        return ServedModel(model, folder)
    if model != _FALLS_BACK:
        raise ModelUnavailable(model, _UNKNOWN_MODEL)
    exit_code = exporter.find_weights() or exporter.build(
        ["--model", model, "--output", str(models_dir / model)]
    )
    if exit_code == 0:
        return ServedModel(model, models_dir / model)
    if exit_code != _WEIGHTS_UNAVAILABLE:
        raise ModelUnavailable(model, exit_code)
    say(
        f"ResNet50's weights cannot be had, so the embedded {EMBEDDED_MODEL} serves in its place."
        " `make model` says how to get them."
    )
    embedded = ensure_model(EMBEDDED_MODEL, models_dir, exporter, say)
    return replace(embedded, fallback_from=model)


def find_model(model: str, folders: Iterable[Path]) -> Path | None:
    """The first artifact of that name below ``folders``."""
    artifacts = (folder / model for folder in folders)
    return next((path for path in artifacts if (path / MANIFEST_FILE).is_file()), None)


def local_exporter(code_folder: Path, environ: Mapping[str, str]) -> Exporter:
    """The exporter in ``code_folder``, its output shown."""
    # Its progress is not the caller's result, so it goes where errors go.
    call = partial(
        subprocess.call, env={**environ, "PYTHONPATH": str(code_folder)}, stdout=sys.stderr
    )

    def find_weights() -> int:
        return call([sys.executable, "-m", "image_classifier.export.available"])

    def build(arguments: Sequence[str]) -> int:
        install = ["make", "--silent", "-C", str(_ROOT), ".export/.installed"]
        return call(install) or call(
            [str(_EXPORT / "bin" / "python"), "-m", "image_classifier.export", *arguments]
        )

    return Exporter(code_folder / "image_classifier" / "models", find_weights, build)
