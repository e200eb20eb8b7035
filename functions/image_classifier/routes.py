"""The classifier's routes: HTTP in, HTTP out; what they say is in ``schemas``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from image_classifier import schemas
from image_classifier.artifact import Artifact
from image_classifier.labels import search_labels
from image_classifier.predictor import Predictor
from serving.api import record_of
from serving.image_body import IMAGE_BODY, read_image
from serving.models import HealthOut, ModelName
from serving.prediction import PredictOut
from tabular.schemas import TabularModelOut


def create_router(
    predictor: Predictor,
    stands_in_for: str | None,
    other_models: Callable[[], Sequence[TabularModelOut]],
) -> APIRouter:
    """Routes around ``predictor``; ``stands_in_for`` names the model that could not be had, and
    ``other_models`` are listed beside it.
    """
    router = APIRouter()
    artifact = predictor.classifier.artifact
    described = _model_out(artifact, predictor.threads, stands_in_for)
    ready = HealthOut(model=ModelName(name=described.name, version=described.version))

    # async without threads: a Lambda environment serves one request at a time
    @router.post("/predict", openapi_extra=IMAGE_BODY)
    async def predict(
        request: Request,
        top_k: Annotated[int, Query(ge=1, le=predictor.classes)] = predictor.usual_top_k,
    ) -> PredictOut:
        """Classify one photo."""
        return predictor.predict(await read_image(request), top_k, record_of(request))

    @router.get("/models")
    async def models() -> schemas.ModelsOut:
        """What serves: the image model first."""
        return schemas.ModelsOut(models=[described, *other_models()])

    @router.get("/health")
    async def health() -> HealthOut:
        """Answers only where a verified model is loaded."""
        return ready

    @router.get("/labels")
    async def labels(
        response: Response,
        q: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1)] = 1000,
    ) -> schemas.LabelsOut:
        """Classes whose name, synonym or WordNet id contains ``q``."""
        response.headers["cache-control"] = "public, max-age=3600"
        matches = search_labels(artifact.labels, q)[:limit]
        return schemas.LabelsOut(labels=[schemas.LabelOut(**asdict(label)) for label in matches])

    return router


def _model_out(artifact: Artifact, threads: int, stands_in_for: str | None) -> schemas.ModelOut:
    manifest = artifact.manifest
    calibration = manifest.calibration
    return schemas.ModelOut(
        name=manifest.name,
        version=manifest.version,
        input=schemas.ModelInput(**asdict(manifest.input)),
        classes=len(artifact.labels),
        quantization=manifest.quantization,
        weights=manifest.weights,
        agreement=manifest.agreement,
        calibration=schemas.CalibrationOut(**asdict(calibration)) if calibration else None,
        threads=threads,
        stands_in_for=stands_in_for,
        notice=_notice(manifest.name, stands_in_for),
    )


def _notice(name: str, stands_in_for: str | None) -> str | None:
    if stands_in_for is None:
        return None
    return f"The weights of {stands_in_for} could not be had, so {name} answers in its place."
