"""The Open Inference Protocol V2, as Triton, KServe and MLServer speak it.

Sources: kserve/open-inference-protocol, *inference_rest.md*; triton-inference-server/server,
*extension_binary_data.md* and *extension_classification.md*.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from front_doors.infer_request import HEADER_LENGTH, InferIn, OutputIn, Tensor, read_request
from front_doors.infer_response import OUTPUTS, Scores, output_of, write_response
from front_doors.refusals import InvalidTensor, UnknownModel, read_body
from serving.api import record_of
from serving.telemetry import Record

EXTENSIONS = ["binary_tensor_data", "classification"]
INFER_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": InferIn.model_json_schema()},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class TensorOut(BaseModel):
    """$metadata_tensor; -1 is any number."""

    name: str
    datatype: str
    shape: list[int]


class ServerOut(BaseModel):
    """$metadata_server_response."""

    name: str
    version: str
    extensions: list[str]


class ModelOut(BaseModel):
    """$metadata_model_response."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorOut]
    outputs: list[TensorOut]


class ReadyOut(BaseModel):
    """$ready_model_response."""

    name: str
    ready: bool = True


class HealthOut(BaseModel):
    """$live_server_response and $ready_server_response."""

    live: bool = True
    ready: bool = True


Infer = Callable[[Mapping[str, Tensor], Record], Scores]


@dataclass(frozen=True)
class Model:
    """A classifier behind this door; ``infer`` raises InvalidTensor for what it does not take."""

    name: str
    version: str
    platform: str
    inputs: Sequence[TensorOut]
    classes: Sequence[str]
    infer: Infer


def create_router(models: Sequence[Model]) -> APIRouter:
    """The protocol's routes for ``models``."""
    router = APIRouter(tags=["Open Inference Protocol"])
    by_name = {model.name: model for model in models}

    def find(name: str, version: str | None) -> Model:
        model = by_name.get(name)
        if model is None:
            raise UnknownModel(f"There is no model {name!r} here; there is {', '.join(by_name)}.")
        if version not in (None, model.version):
            raise UnknownModel(f"There is no version {version!r} of {name}, but {model.version}.")
        return model

    @router.get("/v2")
    async def server() -> ServerOut:
        """What answers, and which extensions it knows."""
        return ServerOut(name="image-classifier", version="1", extensions=EXTENSIONS)

    @router.get("/v2/health/live")
    @router.get("/v2/health/ready")
    async def health() -> HealthOut:
        """Answers only where verified models are loaded."""
        return HealthOut()

    @router.get("/v2/models/{name}")
    @router.get("/v2/models/{name}/versions/{version}")
    async def metadata(name: str, version: str | None = None) -> ModelOut:
        """What a model takes and gives."""
        return _described(find(name, version))

    @router.get("/v2/models/{name}/ready")
    @router.get("/v2/models/{name}/versions/{version}/ready")
    async def ready(name: str, version: str | None = None) -> ReadyOut:
        """Whether a model is ready."""
        return ReadyOut(name=find(name, version).name)

    @router.post("/v2/models/{name}/infer", openapi_extra=INFER_BODY)
    @router.post("/v2/models/{name}/versions/{version}/infer", openapi_extra=INFER_BODY)
    async def infer(name: str, request: Request, version: str | None = None) -> Response:
        """Probabilities and labels of a batch, in its order."""
        model = find(name, version)
        body = await read_body(request)
        asked, tensors = read_request(body, request.headers.get(HEADER_LENGTH))
        outputs = asked.outputs or [OutputIn(name=output) for output in OUTPUTS]
        _check_names("output", [output.name for output in outputs], OUTPUTS)
        _check_names("input", tensors, [each.name for each in model.inputs])
        scores = model.infer(tensors, record_of(request))
        described: dict[str, Any] = {"model_name": name, "model_version": model.version}
        if asked.id is not None:
            described["id"] = asked.id
        binary = asked.parameters.binary_data_output
        return write_response(
            described, [output_of(each, scores, model.classes, binary=binary) for each in outputs]
        )

    return router


def _check_names(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise InvalidTensor(f"{kind} {name!r}: there are only {', '.join(known)}.")


def _described(model: Model) -> ModelOut:
    return ModelOut(
        name=model.name,
        versions=[model.version],
        platform=model.platform,
        inputs=[*model.inputs],
        outputs=[
            TensorOut(name="probabilities", datatype="FP32", shape=[-1, len(model.classes)]),
            TensorOut(name="labels", datatype="BYTES", shape=[-1]),
        ],
    )
