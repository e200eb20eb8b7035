"""``python -m infra.commands.classify``: the command behind ``make classify``."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from infra.commands.model import CODE_FOLDER, ModelUnavailable, ensure_model, local_exporter


def main() -> int:
    """Have the model built if it is missing, then classify the photos; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.commands.classify", description=__doc__)
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--models-dir", type=Path, default=Path("build/models"))
    arguments = parser.parse_args()
    environ = {**os.environ, "PYTHONPATH": str(CODE_FOLDER)}
    try:
        model = ensure_model(
            arguments.model,
            arguments.models_dir.resolve(),
            local_exporter(CODE_FOLDER, environ),
            lambda line: print(line, file=sys.stderr),
        )
    except ModelUnavailable as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    command = [sys.executable, "-m", "image_classifier", "--model-dir", str(model.folder)]
    return subprocess.call([*command, "--", *arguments.photos], env=environ)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
