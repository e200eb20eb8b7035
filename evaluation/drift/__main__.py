"""``python -m evaluation.drift``: the command behind ``make drift``."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from evaluation.drift.compare import DIFFERENT, LEAST_PREDICTIONS, lines_of, measure_drift
from evaluation.drift.predictions import last_predictions, local_lines
from image_classifier.artifact import Manifest, load_artifact
from infra.commands.model import CODE_FOLDER, find_model
from infra.deploy.errors import DeployFailed
from infra.deploy.predictions import deployed_lines
from infra.deploy.stack import StackName, read_samconfig
from serving.errors import ServiceError

DRIFTED, FAILED, STOPPED = 1, 2, 130


class NothingToCompare(ServiceError):
    """The model has no distribution to compare with."""

    code = "nothing_to_compare"


def main(arguments: Sequence[str]) -> int:
    """Compare; 1 where predictions have drifted, 2 where nothing can be compared."""
    options = _parser().parse_args(arguments)
    try:
        return _drift(options)
    except (ServiceError, DeployFailed, OSError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return STOPPED


def _drift(options: argparse.Namespace) -> int:
    manifest = _manifest(options.models_dir, options.model)
    calibration = manifest.calibration
    if calibration is None or not calibration.distributions:
        raise NothingToCompare(
            f"{manifest.name} {manifest.version} has no distribution to compare with: make teach, "
            "and make model with CALIBRATION=folder, measure it on photos that it has not seen."
        )
    lines = _lines(options, manifest.version)
    measures = list(calibration.distributions)
    predictions = last_predictions(lines, manifest.version, measures, options.last)
    count = len(predictions[measures[0]])
    print(f"{manifest.name} {manifest.version}: the last {count:,} predictions", end="")
    if count < LEAST_PREDICTIONS:
        print(f" are too few to compare; {LEAST_PREDICTIONS} are enough.")
        return 0
    print(f" beside {calibration.on}")
    drifts = measure_drift(calibration, predictions)
    print("\n".join(line for drift in drifts for line in lines_of(drift)))
    return DRIFTED if any(drift.index >= DIFFERENT for drift in drifts) else 0


def _manifest(models_dir: Path, model: str) -> Manifest:
    folder = find_model(model, (models_dir, CODE_FOLDER / "image_classifier" / "models"))
    return load_artifact(folder or models_dir / model).manifest


def _lines(options: argparse.Namespace, model_version: str) -> list[str]:
    if options.log_group is None and options.stack is None:
        return local_lines(options.data / "logs", model_version, options.last)
    stack = read_samconfig(options.samconfig, options.stack) if options.stack else StackName("")
    return deployed_lines(stack, options.log_group, model_version, options.last, time.time())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation.drift", description=__doc__)
    add = parser.add_argument
    add("--model", default="resnet50")
    add("--models-dir", type=Path, default=Path("build/models"))
    add("--last", type=_count, default=1000, metavar="N", help="predictions that are compared")
    add("--data", type=Path, default=Path(".local"), help="of make run on this machine")
    add("--log-group", metavar="NAME", help="in CloudWatch, instead")
    add("--stack", metavar="ENV", help="whose classifier's log group, as samconfig.toml names it")
    add("--samconfig", type=Path, default=Path("samconfig.toml"))
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < LEAST_PREDICTIONS:
        raise argparse.ArgumentTypeError(f"{text!r} is no count of {LEAST_PREDICTIONS} or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
