"""``python -m image_classifier.export``: one model → one artifact folder."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from image_classifier.artifact import Artifact, Resampling, load_artifact
from image_classifier.export import choose
from image_classifier.export.available import HINT
from image_classifier.export.errors import ExportError, WeightsUnavailable
from image_classifier.export.recipe import (
    RESNET50_WEIGHTS,
    Preprocessing,
    Quantization,
    Recipe,
    is_made_by,
)
from image_classifier.export.weights import (
    PublishedFile,
    Weights,
    default_cache,
    published_weights,
)
from image_classifier.export.write import beside, check_replaceable, check_unused, write_artifact
from serving.artifact import ArtifactInvalid

if TYPE_CHECKING:
    from image_classifier.export.build import Calibrate

    Prepare = Callable[[Recipe], Calibrate]

INTERRUPTED = 130  # as a shell says it: 128 + SIGINT


def main(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    published: PublishedFile = RESNET50_WEIGHTS,
    calibration: "Prepare | None" = None,
) -> int:
    """Export what ``arguments`` ask for; the exit status. ``calibration`` is the recipe's.

    0 done · 2 wrong arguments or unusable file · 3 weights cannot be downloaded · 4 the artifact
    disagrees with Keras · 130 interrupted. Anything but 0 leaves the output as it was.
    """
    parser = _parser(environ)
    options = parser.parse_args(arguments)
    _check_combination(parser, options)
    try:
        _export(options, published, calibration)
    except WeightsUnavailable as exc:
        print(f"error: {exc} {HINT}", file=sys.stderr)
        return exc.exit_status
    except ExportError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_status
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return INTERRUPTED
    return 0


def _export(
    options: argparse.Namespace, published: PublishedFile, calibration: "Prepare | None"
) -> None:
    output: Path = options.output
    recipe, weights = _chosen(options, published)
    check_replaceable(output)
    if options.golden:
        check_unused(options.golden)
    if options.if_missing and _is_there(output, recipe, weights):
        print(f"{output}: {recipe.name} is already there")
        return
    calibrate = calibration and calibration(recipe)
    if isinstance(weights, PublishedFile):
        weights = published_weights(weights, options.cache)
    print(f"Building {recipe.name} ({recipe.quantization}) from {weights.source}", file=sys.stderr)
    # NumPy and TensorFlow take seconds that no error above should have to wait for.
    from image_classifier.export.build import build_artifact  # noqa: PLC0415
    from image_classifier.export.golden import golden_files, write_golden  # noqa: PLC0415

    built = build_artifact(recipe, weights, calibrate)
    golden, others = {}, {}
    if options.golden or calibrate:
        golden = golden_files(built.artifact, built.photos, built.answers)
    if options.golden:
        write_golden(options.golden, golden)
    if calibrate:  # an image build takes it as it is, and cannot ask Keras again
        others = beside(golden, built.made_from)
    write_artifact(output, built.artifact, others)
    print(f"{output}: {_summary(built.artifact)}")


def _summary(artifact: Artifact) -> str:
    manifest, size_mb = artifact.manifest, len(artifact.model) / 1e6
    same_top1, photos = manifest.agreement["same_top1"], manifest.agreement["photos"]
    return (
        f"{manifest.name} {manifest.version}, {size_mb:.1f} MB; "
        f"same top class as Keras on {same_top1} of {photos} photos"
    )


def _chosen(
    options: argparse.Namespace, published: PublishedFile
) -> tuple[Recipe, Weights | PublishedFile]:
    match options.model:
        case "resnet50":
            weights = choose.resnet50_weights(options.weights, published)
            return choose.resnet50_recipe(options.quantization), weights
        case "efficientnet-lite0":
            recipe = choose.efficientnet_lite0_recipe(options.quantization)
            return recipe, choose.efficientnet_lite0_weights()
        case _:
            recipe = choose.keras_file_recipe(
                options.name or options.model_file.stem,
                Preprocessing(
                    options.preprocess or "none", options.resampling or "bicubic", options.resize
                ),
                options.labels_file,
                options.quantization,
            )
            return recipe, choose.keras_file_weights(options.model_file)


def _is_there(output: Path, recipe: Recipe, weights: Weights | PublishedFile) -> bool:
    try:
        return is_made_by(load_artifact(output), recipe, weights)
    except ArtifactInvalid:
        return False


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    weights = environ.get("RESNET50_WEIGHTS")
    parser = argparse.ArgumentParser(prog="python -m image_classifier.export", description=__doc__)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", choices=("resnet50", "efficientnet-lite0"))
    model.add_argument("--model-file", type=Path, metavar="FILE.keras", help="a model of your own")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--quantization",
        choices=get_args(Quantization),
        help="default: what is fastest for the model; float32 for a model of your own",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        default=Path(weights) if weights else None,
        metavar="FILE.h5",
        help="ResNet50 weights on this machine, instead of a download [RESNET50_WEIGHTS]",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=default_cache(environ),
        metavar="FOLDER",
        help="where downloaded weights are kept [KERAS_HOME, default %(default)s]",
    )
    parser.add_argument(
        "--golden", type=Path, metavar="FOLDER", help="photos with Keras' answers, for deployments"
    )
    parser.add_argument("--if-missing", action="store_true", help="do nothing if it is there")
    own = parser.add_argument_group("a model of your own")
    own.add_argument("--name", help="default: the file's name")
    own.add_argument(
        "--labels-file",
        type=Path,
        metavar="FILE.json",
        help='["cat", "dog"] or as in labels.json; default: ImageNet\'s 1000',
    )
    own.add_argument(
        "--preprocess",
        choices=("none", "caffe", "tf", "torch"),
        help="Keras' name of the model's input normalisation; none: it takes RGB in 0…255",
    )
    own.add_argument(
        "--resampling",
        choices=get_args(Resampling),
        help="how photos were resized in its training; default: bicubic",
    )
    own.add_argument(
        "--resize",
        type=int,
        metavar="PIXELS",
        help="shorter side before the centre crop; default: 8/7 of the longer side of its input",
    )
    return parser


def _check_combination(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    own = ("name", "labels_file", "preprocess", "resampling", "resize")
    named = [option for option in own if getattr(options, option) is not None]
    if named and options.model_file is None:
        parser.error(f"--{named[0].replace('_', '-')} goes with --model-file")
    if options.golden and options.if_missing:
        parser.error("--golden needs Keras' answers, so it does not go with --if-missing")


if __name__ == "__main__":
    # Before TensorFlow: no log of what it found; and no oneDNN, whose sums vary between machines.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    sys.exit(main(sys.argv[1:], os.environ))
