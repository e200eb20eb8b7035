"""The routes that every tabular model has: what serves, and whether it is ready."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from serving.models import HealthOut, ModelName
from tabular.artifact import Manifest, read_manifest
from tabular.schemas import TabularModelOut


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
