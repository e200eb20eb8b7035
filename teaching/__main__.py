"""``python -m teaching``: the command behind ``make teach``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluation.report import lines_of
from evaluation.write import write_report
from image_classifier.export.available import HINT
from image_classifier.export.errors import ExportError, WeightsUnavailable
from serving.errors import ServiceError
from teaching.arguments import model_name, precision, test

BASES = ("efficientnet-lite0", "resnet50")
STOPPED = 130


def main(arguments: Sequence[str]) -> int:
    """Teach a model; the exit status, that of the exporter where it fails."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.feedback_photos and not options.feedback:
        parser.error("--feedback-photos needs --feedback, which has what people said of them")
    # Its first import is TensorFlow's: seconds that no wrong argument should have to wait for.
    from teaching.teach import Options, teach  # noqa: PLC0415

    build, name = options.models_dir.parent, options.name
    try:
        taught = teach(
            Options(
                name=name,
                photos=options.photos,
                test=options.test,
                base=options.base,
                min_precision=options.min_precision,
                seed=options.seed,
                output=options.models_dir / name,
                cache=build / "features",
                feedback=options.feedback,
                feedback_photos=options.feedback_photos,
            ),
            os.environ,
        )
        page = write_report(taught.report, taught.photos, build / "evaluations" / name)
    except WeightsUnavailable as exc:
        return _failed(f"{exc} {HINT}", exc.exit_status)
    except ExportError as exc:
        return _failed(str(exc), exc.exit_status)
    except (ServiceError, OSError) as exc:
        return _failed(str(exc), 1)
    except KeyboardInterrupt:
        return _failed("interrupted", STOPPED)
    print("\n".join([*lines_of(taught.report), f"See {page}; serve it: make run MODEL={name}"]))
    return 0


def _failed(message: str, status: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m teaching", description=__doc__)
    add = parser.add_argument
    add("--photos", type=Path, required=True, metavar="FOLDER", help="a folder for each class")
    add("--name", type=model_name, required=True, help="of the model")
    add("--base", choices=BASES, default=BASES[0], help="whose features are used")
    add("--test", type=test, default=0.2, help="a folder, or the share held out for the report")
    add("--min-precision", type=precision, default=0.95, help="of answers that count as sure")
    add("--seed", type=int, default=0, help="of what is left to chance: which photos are held out")
    add("--feedback", type=Path, metavar="FILE.jsonl", help="answers that were exported")
    add("--feedback-photos", type=Path, metavar="FOLDER", help="of photos without labels")
    add("--models-dir", type=Path, default=Path("build/models"))
    return parser


if __name__ == "__main__":
    # As the exporter does before TensorFlow.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    sys.exit(main(sys.argv[1:]))
