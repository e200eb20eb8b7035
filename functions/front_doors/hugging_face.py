"""Hugging Face's inference API for image classification.

Source: huggingface/huggingface.js, *packages/tasks/src/tasks/image-classification/spec*.
"""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from front_doors.photos import infer_batch
from front_doors.refusals import UnknownModel, read_body
from image_classifier.classifier import Classifier
from image_classifier.predictor import USUAL_TOP_K
from image_classifier.ranking import rank
from serving.api import InvalidParameter, record_of
from serving.body import validate_json
from serving.image_body import from_base64


class ParametersIn(BaseModel):
    """``function_to_apply`` is what makes scores of the model's outputs, which are softmax's."""

    top_k: int = Field(default=USUAL_TOP_K, ge=1, description="More than all classes are all.")
    function_to_apply: Literal["softmax", "none", "sigmoid"] = "softmax"


class ImagesIn(BaseModel):
    """A photo in base64, or a list of them."""

    inputs: str | list[str]
    parameters: ParametersIn = ParametersIn()


@dataclass(frozen=True)
class _Images:
    """Files, what is asked for, and whether the answer is a list of answers."""

    photos: list[bytes]
    parameters: ParametersIn
    listed: bool


class ElementOut(BaseModel):
    """One class and its score."""

    label: str
    score: float


BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": ImagesIn.model_json_schema()},
        },
    }
}


def create_router(classifier: Classifier) -> APIRouter:
    """The API's one route for ``classifier``."""
    router = APIRouter(tags=["Hugging Face"])
    model, labels = classifier.artifact.manifest.name, classifier.artifact.labels

    @router.post("/models/{name:path}", openapi_extra=BODY)
    async def classify(name: str, request: Request) -> list[ElementOut] | list[list[ElementOut]]:
        """The likeliest classes, best first; of a list, for each photo."""
        if name != model:
            raise UnknownModel(f"Model {name} does not exist; {model} serves here.")
        images = await _images(request)
        if images.parameters.function_to_apply == "sigmoid":
            raise InvalidParameter("function_to_apply: the outputs are softmax's, not sigmoid's.")
        top_k = images.parameters.top_k
        answers = [
            [ElementOut(label=each.label, score=each.score) for each in rank(row, labels, top_k)]
            for row in infer_batch(classifier, images.photos, record_of(request))
        ]
        return answers if images.listed else answers[0]

    return router


async def _images(request: Request) -> _Images:
    """JSON, which no image file looks like, or else the body as the photo itself."""
    body = await read_body(request)
    content_type = request.headers.get("content-type", "")
    if not (body.startswith(b"{") or content_type.startswith("application/json")):
        return _Images([body], ParametersIn(), listed=False)
    images = validate_json(body, ImagesIn)
    texts = [images.inputs] if isinstance(images.inputs, str) else images.inputs
    photos = [from_base64(text, f"inputs[{index}]") for index, text in enumerate(texts)]
    return _Images(photos, images.parameters, listed=isinstance(images.inputs, list))
