"""The classifier's routes: HTTP in, HTTP out; what they say is in ``schemas``."""

from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from image_classifier import schemas
from image_classifier.classifier import Classifier, Timings
from image_classifier.labels import search_labels
from image_classifier.ranking import Prediction
from image_classifier.upload import read_image
from serving.api import record_of
from serving.receipts import Receipt, ReceiptBook

# FastAPI cannot derive this one: the route reads the body itself, in one of three forms.
PREDICT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": schemas.PredictJson.model_json_schema()},
        },
    }
}


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
    model = schemas.ModelName(name=manifest.name, version=manifest.version)

    # async without threads: a Lambda environment serves one request at a time
    @router.post("/predict", openapi_extra=PREDICT_BODY)
    async def predict(
        request: Request,
        response: Response,
        top_k: Annotated[int, Query(ge=1, le=len(artifact.labels))] = min(5, len(artifact.labels)),
    ) -> schemas.PredictOut:
        """Classify one photo."""
        data = await read_image(request)
        result = classifier.classify(data, top_k)
        response.headers["server-timing"] = _server_timing(result.timings)
        record_of(request).measures |= {**asdict(result.timings), "image_bytes": len(data)}
        best = result.predictions[0]
        receipt = Receipt(
            nonce=new_nonce(),
            image_sha256=sha256(data).hexdigest(),
            model_name=manifest.name,
            model_version=manifest.version,
            label=best.label,
            wnid=best.wnid,
            score=best.score,
        )
        return schemas.PredictOut(
            prediction_id=receipts.issue(receipt),
            model=model,
            predictions=[_prediction_out(prediction) for prediction in result.predictions],
        )

    @router.get("/models")
    async def models() -> schemas.ModelsOut:
        """What serves."""
        described = schemas.ModelOut(
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
        return schemas.ModelsOut(models=[described])

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

    @router.get("/health")
    async def health() -> schemas.HealthOut:
        """Answers only where a verified model is loaded."""
        return schemas.HealthOut(model=model)

    return router


def _prediction_out(prediction: Prediction) -> schemas.PredictionOut:
    return schemas.PredictionOut(
        label=prediction.label, wnid=prediction.wnid, score=prediction.score
    )


def _server_timing(timings: Timings) -> str:
    return (
        f"decode;dur={timings.decode_ms:.1f}, preprocess;dur={timings.preprocess_ms:.1f}, "
        f"infer;dur={timings.infer_ms:.1f}"
    )


def _notice(name: str, stands_in_for: str | None) -> str | None:
    if stands_in_for is None:
        return None
    return f"The weights of {stands_in_for} could not be had, so {name} answers in its place."
