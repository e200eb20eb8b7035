"""``python -m evaluation``: the command behind ``make evaluate``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluation.answers import answers_of
from evaluation.origin import made_from
from evaluation.photos import class_indices, list_photos
from evaluation.report import lines_of, report_of
from evaluation.write import write_report
from image_classifier.artifact import load_artifact
from image_classifier.runtime import load_model
from infra.commands.model import CODE_FOLDER, ModelUnavailable, ensure_model, local_exporter
from serving.errors import ServiceError

STOPPED = 130


def main(arguments: Sequence[str]) -> int:
    """Evaluate a model on labelled photos; the exit status, 1 where the photos cannot be used."""
    options = _parser().parse_args(arguments)
    environ = {**os.environ, "PYTHONPATH": str(CODE_FOLDER)}
    try:
        exporter = local_exporter(CODE_FOLDER, environ)
        model = ensure_model(options.model, options.models_dir.resolve(), exporter, _say)
        folder = options.output or options.models_dir.parent / "evaluations" / model.name
        _evaluate(options.photos, options.labels, model.folder, folder)
    except ModelUnavailable as exc:
        _say(f"error: {exc}")
        return exc.exit_code
    except (ServiceError, OSError) as exc:
        _say(f"error: {exc}")
        return 1
    except KeyboardInterrupt:
        _say("\nStopped.")
        return STOPPED
    return 0


def _evaluate(photos_in: Path, table: Path | None, model: Path, folder: Path) -> None:
    artifact = load_artifact(model)
    listing = list_photos(photos_in, table)
    truth = class_indices(listing, artifact.manifest.name, artifact.labels)
    infer = load_model(artifact, threads=os.cpu_count() or 1)
    answers = answers_of(listing.photos, truth, artifact.manifest.input, infer)
    report = report_of(artifact, answers, listing, made_from(model))
    page = write_report(report, answers.photos, folder)
    print("\n".join([*lines_of(report), f"See {page}"]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="a folder a class, or one with labels.csv")
    add("--labels", type=Path, metavar="FILE.csv", help="columns file and label (or wnid)")
    add("--model", default="resnet50")
    add("--models-dir", type=Path, default=Path("build/models"))
    add("--output", type=Path, metavar="FOLDER", help="default: build/evaluations/MODEL")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
