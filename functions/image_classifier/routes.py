"""The classifier's routes: HTTP in, HTTP out; what they say is in ``schemas``."""

from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from image_classifier import schemas
from image_classifier.artifact import Artifact
from image_classifier.classifier import Classifier
from image_classifier.labels import search_labels
from image_classifier.ranking import Prediction
from serving.api import record_of
from serving.image_body import IMAGE_BODY, read_image
from serving.models import ModelName, model_router
from serving.receipts import Receipt, ReceiptBook


def create_router(
    classifier: Classifier,
    receipts: ReceiptBook,
    new_nonce: Callable[[], str],
    threads: int,
    stands_in_for: str | None,
) -> APIRouter:
    """Routes around ``classifier``; ``stands_in_for`` names the model that could not be had."""
    router = APIRouter()
    artifact = classifier.artifact
    manifest = artifact.manifest
    model = ModelName(name=manifest.name, version=manifest.version)
    router.include_router(model_router(_model_out(artifact, threads, stands_in_for)))

    # async without threads: a Lambda environment serves one request at a time
    @router.post("/predict", openapi_extra=IMAGE_BODY)
    async def predict(
        request: Request,
        top_k: Annotated[int, Query(ge=1, le=len(artifact.labels))] = min(5, len(artifact.labels)),
    ) -> schemas.PredictOut:
        """Classify one photo."""
        data = await read_image(request)
        result = classifier.classify(data, top_k)
        record_of(request).measures |= {**asdict(result.timings), "image_bytes": len(data)}
        best = result.predictions[0]
        receipt = Receipt(
            nonce=new_nonce(),
            input_sha256=sha256(data).hexdigest(),
            model_name=manifest.name,
            model_version=manifest.version,
            label=best.label,
            label_id=best.wnid,
            score=best.score,
        )
        return schemas.PredictOut(
            prediction_id=receipts.issue(receipt),
            model=model,
            predictions=[_prediction_out(prediction) for prediction in result.predictions],
        )

    @router.get("/labels")
    async def labels(
        response: Response,
        q: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1)] = 1000,
    ) -> schemas.LabelsOut:
        """Classes whose name, synonym or WordNet id contains ``q``."""
        response.headers["cache-control"] = "public, max-age=3600"
        found = search_labels(artifact.labels, q)[:limit]
        return schemas.LabelsOut(labels=[schemas.LabelOut(**asdict(label)) for label in found])

    return router


def _prediction_out(prediction: Prediction) -> schemas.PredictionOut:
    return schemas.PredictionOut(
        label=prediction.label, wnid=prediction.wnid, score=prediction.score
    )


def _model_out(artifact: Artifact, threads: int, stands_in_for: str | None) -> schemas.ModelOut:
    manifest = artifact.manifest
    return schemas.ModelOut(
        name=manifest.name,
        version=manifest.version,
        input=schemas.ModelInput(**asdict(manifest.input)),
        classes=len(artifact.labels),
        quantization=manifest.quantization,
        weights=manifest.weights,
        agreement=manifest.agreement,
        threads=threads,
        stands_in_for=stands_in_for,
        notice=_notice(manifest.name, stands_in_for),
    )


def _notice(name: str, stands_in_for: str | None) -> str | None:
    if stands_in_for is None:
        return None
    return f"The weights of {stands_in_for} could not be had, so {name} answers in its place."
