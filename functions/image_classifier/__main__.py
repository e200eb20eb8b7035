"""``python -m image_classifier``: the top classes of photos in the terminal, without a server."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classification, Classifier
from image_classifier.runtime import load_model
from serving.errors import ServiceError

BAR_CELLS = 20
USUAL_TOP_K = 5


def main(arguments: Sequence[str]) -> int:
    """Classify every photo named; the exit status is 1 if one of them could not be."""
    parser = argparse.ArgumentParser(prog="python -m image_classifier", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--model-dir", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--top-k", type=int, metavar="K", help="default: five, or all of fewer")
    options = parser.parse_args(arguments)
    try:
        artifact = load_artifact(options.model_dir)
        classes = len(artifact.labels)
        top_k = min(USUAL_TOP_K, classes) if options.top_k is None else options.top_k
        if not 1 <= top_k <= classes:
            parser.error(f"--top-k must be 1 to {classes}, not {top_k}")
        infer = load_model(artifact, threads=os.cpu_count() or 1)
    except ServiceError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    classifier = Classifier(artifact, infer, time.perf_counter)
    readable = [_classify(classifier, path, top_k) for path in options.photos]
    return 0 if all(readable) else 1


def _classify(classifier: Classifier, path: Path, top_k: int) -> bool:
    """Print one photo's classes; False if it could not be read."""
    try:
        result = classifier.classify(path.read_bytes(), top_k)
    except OSError as exc:
        print(f"{path}: {exc.strerror}.", file=sys.stderr)
    except ServiceError as exc:
        print(f"{path}: {exc}", file=sys.stderr)
    else:
        print("\n".join(_table(path, result)))
        return True
    return False


def _table(path: Path, result: Classification) -> list[str]:
    milliseconds = sum(vars(result.timings).values())
    unsure = "  not sure" if result.sure is False else ""
    return [
        f"{path}  ({milliseconds:.0f} ms){unsure}",
        *(
            f"  {prediction.score:6.1%}  {'█' * round(prediction.score * BAR_CELLS):<{BAR_CELLS}}"
            f"  {prediction.label}"
            for prediction in result.predictions
        ),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
