"""TensorFlow Serving's REST API: status, metadata, ``:predict`` and ``:classify``.

Sources: tensorflow/serving, *api_rest.md*; *json_tensor.cc* for ``results``, which that page calls
``result`` once; the protobuf JSON mapping, by which an int64 is a string.
"""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import AliasChoices, BaseModel, Field

from front_doors.photos import Photo, as_pixels, check_count, infer_batch
from front_doors.refusals import InvalidTensor, UnknownModel, read_body
from image_classifier.artifact import Manifest
from image_classifier.classifier import Classifier
from image_classifier.predictor import USUAL_TOP_K
from image_classifier.ranking import rank
from serving.api import record_of
from serving.body import validate_json
from serving.image_body import from_base64

SIGNATURE = "serving_default"


class InstancesIn(BaseModel):
    """Photos in row format."""

    signature_name: str = Field(default=SIGNATURE, max_length=100)
    instances: list[Any] = Field(
        validation_alias=AliasChoices("instances", "examples"),
        description='{"b64": "…"}, the same as {"image": …}, or rows of pixels.',
    )


class PredictOut(BaseModel):
    """Probabilities of all classes for each photo."""

    predictions: list[list[float]]


class ClassifyOut(BaseModel):
    """For each photo its likeliest labels, each with its score."""

    results: list[list[tuple[str, float]]]


BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InstancesIn.model_json_schema()}},
    }
}


def create_router(classifier: Classifier) -> APIRouter:
    """The API's routes for ``classifier``."""
    router = APIRouter(tags=["TensorFlow Serving"])
    manifest, labels = classifier.artifact.manifest, classifier.artifact.labels

    def check_name(name: str) -> None:
        if name != manifest.name:
            raise UnknownModel(f"Servable not found for request: Latest({name})")

    @router.get("/v1/models/{name}")
    async def status(name: str) -> dict[str, Any]:
        """GetModelStatusResponse."""
        check_name(name)
        ok = {"error_code": "OK", "error_message": ""}
        version = {"version": _version(manifest), "state": "AVAILABLE", "status": ok}
        return {"model_version_status": [version]}

    @router.get("/v1/models/{name}/metadata")
    async def metadata(name: str) -> dict[str, Any]:
        """GetModelMetadataResponse."""
        check_name(name)
        return _metadata(manifest, len(labels))

    @router.post("/v1/models/{name}:predict", openapi_extra=BODY)
    async def predict(name: str, request: Request) -> PredictOut:
        """The probabilities of all classes."""
        check_name(name)
        probabilities = infer_batch(classifier, await _photos(request), record_of(request))
        return PredictOut(predictions=probabilities.tolist())

    @router.post("/v1/models/{name}:classify", openapi_extra=BODY)
    async def classify(name: str, request: Request) -> ClassifyOut:
        """The likeliest classes, best first."""
        check_name(name)
        rows = infer_batch(classifier, await _photos(request), record_of(request))
        ranked = [rank(row, labels, USUAL_TOP_K) for row in rows]
        return ClassifyOut(results=[[(each.label, each.score) for each in row] for row in ranked])

    return router


async def _photos(request: Request) -> list[Photo]:
    body = validate_json(await read_body(request), InstancesIn)
    if body.signature_name not in ("", SIGNATURE):
        name = body.signature_name
        raise InvalidTensor(f'Serving signature name: "{name}" not found in signature def')
    check_count(len(body.instances))
    return [_photo(instance, f"instances[{i}]") for i, instance in enumerate(body.instances)]


def _photo(instance: object, where: str) -> Photo:
    match instance:
        case {"image": inner, **others} if not others:
            return _photo(inner, where)
        case {"b64": str(text), **others} if not others:
            return from_base64(text, f"{where}.b64")
        case list():
            return as_pixels(instance, where)
    raise InvalidTensor(f'{where} is neither {{"b64": "…"}} nor rows of pixels.')


def _version(manifest: Manifest) -> str:
    """The version's hex digits as the whole number that the protocol wants."""
    return str(int(manifest.version, 16))


def _metadata(manifest: Manifest, classes: int) -> dict[str, Any]:
    signature = {
        "inputs": {"image": _tensor("image", "DT_STRING", -1)},
        "outputs": {"probabilities": _tensor("probabilities", "DT_FLOAT", -1, classes)},
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {
            "name": manifest.name,
            "signature_name": "",
            "version": _version(manifest),
        },
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
    }


def _tensor(name: str, dtype: str, *shape: int) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in shape]
    return {
        "dtype": dtype,
        "tensor_shape": {"dim": dimensions, "unknown_rank": False},
        "name": f"{name}:0",
    }
