"""A model that was made on this machine → the folder that images are built from."""

import shutil
from pathlib import Path

from image_classifier.artifact import MOST_BINS, load_artifact
from infra.deploy.errors import DeployFailed

BUILT_WITH_THE_IMAGE = ("resnet50", "efficientnet-lite0")
GOLDEN_FOLDER = "golden"
FILES = ("model.tflite", "model.json", "labels.json")


def stage_model(model: str, models: Path, staged: Path) -> bool:
    """Copy ``models/model`` below ``staged``, which then holds nothing else; whether there was one.

    Only an artifact with golden photos beside it is taken: without them no new version gets
    traffic. The build itself makes the two models that the project knows.

    Raises:
        DeployFailed: there is no such model.
    """
    shutil.rmtree(staged, ignore_errors=True)
    artifact = models / model
    if not (artifact / GOLDEN_FOLDER).is_dir():
        if model in BUILT_WITH_THE_IMAGE:
            return False
        raise DeployFailed(
            f"There is no model {model} with golden photos in {models}: make teach NAME={model}"
        )
    (staged / model).mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(artifact / name, staged / model / name)
    shutil.copytree(artifact / GOLDEN_FOLDER, staged / model / GOLDEN_FOLDER)
    return True


def distribution_parameters(artifact: Path) -> list[str]:
    """What infra/drift.yaml compares entropies with, as ``Name=value`` of the template's
    parameters; nothing where the manifest has none. Entropies end at 1: bins beyond stay empty.

    Raises:
        ArtifactInvalid: see ``load_artifact``.
    """
    calibration = load_artifact(artifact).manifest.calibration
    if calibration is None or "entropy" not in calibration.distributions:
        return []
    bins = calibration.distributions["entropy"]
    edges = [*bins.edges, *range(2, MOST_BINS + 2)][: MOST_BINS - 1]
    shares = [*bins.shares, *[0.0] * MOST_BINS][:MOST_BINS]
    return [
        "EntropyEdges=" + ",".join(f"{edge:.6f}" for edge in edges),
        "EntropyShares=" + ",".join(f"{100 * share:.2f}" for share in shares),
    ]
