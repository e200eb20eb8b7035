"""The routes that every tabular model has: what serves, and whether it is ready."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter
from pydantic import Field

from serving.models import HealthOut, ModelName
from tabular.artifact import Manifest, read_manifest


class TabularModelOut(ModelName):
    """Everything known about a tabular model that serves."""

    version: str = Field(description="The MLflow run, or 32 hex digits of the model's SHA-256.")
    inputs: dict[str, list[str]] = Field(description="Columns and, where they are names, which.")
    classes: list[str]
    threshold: float | None = Field(description="Probability from which the answer is yes.")
    trained_on: dict[str, object] = Field(description="The data: source, rows, period.")
    training: dict[str, object] = Field(description="Estimator and its settings.")
    metrics: dict[str, float] = Field(description="On data that was held out from training.")


def model_router(manifest: Manifest, health_path: str) -> APIRouter:
    """``/models/NAME`` and ``health_path`` of a function that loaded this model."""
    router = APIRouter()
    described = _model_out(manifest)
    health = HealthOut(model=ModelName(name=described.name, version=described.version))

    @router.get(f"/models/{manifest.name}")
    async def model() -> TabularModelOut:
        """What serves, what it was trained on and how well it does."""
        return described

    @router.get(health_path)
    async def ready() -> HealthOut:
        """Answers only where a verified model is loaded."""
        return health

    return router


def list_models(folders: Sequence[Path]) -> list[TabularModelOut]:
    """What the manifests in ``folders`` say of models that serve elsewhere.

    Raises:
        ArtifactInvalid: one is missing or malformed.
    """
    return [_model_out(read_manifest(folder)) for folder in folders]


def _model_out(manifest: Manifest) -> TabularModelOut:
    return TabularModelOut(
        name=manifest.name,
        version=manifest.model_version,
        inputs=manifest.inputs,
        classes=manifest.classes,
        threshold=manifest.threshold,
        trained_on=manifest.trained_on,
        training=manifest.training,
        metrics=manifest.metrics,
    )
