"""The routes that every function with a model has: what serves, and whether it is ready."""

from typing import Generic, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, Field


class ModelName(BaseModel):
    """The model that answered."""

    name: str
    version: str = Field(description="First 12 hex digits of the model's SHA-256.")


Described = TypeVar("Described", bound=ModelName)


class ModelsOut(BaseModel, Generic[Described]):
    """The models that serve."""

    models: list[Described]


class HealthOut(BaseModel):
    """Ready: the model's hash was verified and it is loaded."""

    status: str = "ok"
    model: ModelName


def model_router(described: Described) -> APIRouter:
    """``/models`` and ``/health`` of a function that loaded this model."""
    router = APIRouter()
    model = ModelName(name=described.name, version=described.version)

    @router.get("/models", response_model=ModelsOut[type(described)])  # type: ignore[misc]  # known when it runs
    async def models() -> ModelsOut[Described]:
        """What serves."""
        return ModelsOut(models=[described])

    @router.get("/health")
    async def health() -> HealthOut:
        """Answers only where a verified model is loaded."""
        return HealthOut(model=model)

    return router
