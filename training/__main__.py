"""``python -m training iris|flight-delay``: train a tabular model, or export its champion."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from serving.artifact import ArtifactInvalid
from training import iris
from training.errors import InvalidDataset, TrainingError
from training.flight_delay import train as flight_delay
from training.flight_delay.data import COUNTS, read_flights
from training.trained import Trained, verified_manifest
from training.write import write_artifact

FUNCTIONS = Path(__file__).parents[1] / "functions"
EMBEDDED = {
    iris.NAME: FUNCTIONS / "iris" / "model",
    flight_delay.NAME: FUNCTIONS / "flight_delay" / "model",
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what ``arguments`` ask for; the exit status: 0 done, 2 not."""
    options = _parser().parse_args(arguments)
    try:
        if options.champion:
            _export(options, environ)
        else:
            _train(options, environ)
    except (TrainingError, ArtifactInvalid) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    trained = trainer(options.model, options.dataset)()
    manifest = verified_manifest(trained)
    for name, value in manifest.metrics.items():
        print(f"  {name:32} {value:.4f}")
    if options.embed:
        folder = options.output or EMBEDDED[options.model]
        write_artifact(folder, asdict(manifest), trained.onnx)
        print(f"{folder}: {manifest.model_version}, {len(trained.onnx):,} bytes")
    else:
        from training.track import Tracking  # noqa: PLC0415  # seconds that an embedded one saves

        print(Tracking(options.data / "mlflow", environ).record(trained, manifest))


def _export(options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    from training.track import Tracking  # noqa: PLC0415  # as above

    folder = options.output or Path("build/models") / options.model
    manifest = Tracking(options.data / "mlflow", environ).export(options.model, folder)
    print(f"{folder}: {manifest.name} {manifest.model_version}")


def trainer(model: str, dataset: Path | None = None) -> Callable[[], Trained]:
    """How ``model`` is trained, on its own data or on ``dataset``.

    Raises:
        InvalidDataset: iris takes none.
    """
    if model == flight_delay.NAME:
        return lambda: flight_delay.train(read_flights(dataset or COUNTS))
    if dataset:
        raise InvalidDataset("iris is trained on what scikit-learn ships; leave DATASET out.")
    return iris.train


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("model", choices=EMBEDDED)
    parser.add_argument("--dataset", type=Path, metavar="dataset_SCL.csv", help="default: embedded")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="where MLflow keeps runs")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--embed", action="store_true", help="write the function's embedded model")
    doing.add_argument("--champion", action="store_true", help="write the champion, train nothing")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where either is written")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
