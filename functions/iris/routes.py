"""The routes of iris: HTTP in, HTTP out; what they say is in ``schemas``."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from iris import schemas
from iris.model import COLUMNS, IrisModel, Species
from serving.api import answer_errors_with
from serving.errors import InvalidRequest, ServiceError
from serving.telemetry import Record
from tabular.routes import model_router

MAX_ERRORS = 10
# FastAPI cannot derive this one: the route reads the body itself, for the sake of its errors.
CLASSIFY_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [schemas.Flower.model_json_schema(), schemas.Flowers.json_schema()]
                }
            }
        },
    }
}


class InvalidFlowers(InvalidRequest):
    """The body is no flower and no list of them; the message names every field that is wrong."""

    code = "invalid_flowers"


def create_router(model: IrisModel) -> APIRouter:
    """Routes around ``model``."""
    router = APIRouter()
    version = model.manifest.model_version
    router.include_router(model_router(model.manifest, "/iris/health"))

    # async without threads: a Lambda environment serves one request at a time
    @router.post(
        "/classify",
        response_model=schemas.ClassifyOut,
        responses={status: {"model": schemas.ClassifyOut} for status in (400, 500)},
        openapi_extra=CLASSIFY_BODY,
    )
    async def classify(request: Request) -> Response:
        """The species of one flower or, of a list, of each."""
        answer_errors_with(request, failed)
        body = await request.body()
        flowers = read_flowers(body)
        species = [
            _species_out(each, version)
            for each in model.classify(
                [[getattr(flower, column) for column in COLUMNS] for flower in flowers]
            )
        ]
        return _response(
            schemas.ClassifyOut(message="success", data=species if _is_list(body) else species[0])
        )

    return router


def read_flowers(body: bytes) -> list[schemas.Flower]:
    """JSON → flowers, whatever Content-Type it came with.

    Raises:
        InvalidFlowers
    """
    try:
        if _is_list(body):
            return schemas.Flowers.validate_json(body)
        return [schemas.Flower.model_validate_json(body)]
    except ValidationError as exc:
        raise InvalidFlowers(_sentence(exc)) from exc


def failed(_record: Record, error: ServiceError) -> Response:
    """The contract's own form of an error: 400 for what the caller can mend, else 500."""
    own = isinstance(error, InvalidFlowers)
    code: Literal["400", "500"] = "400" if own else "500"
    raised = "ValidationError" if own else "InternalError"
    return _response(
        schemas.ClassifyOut(
            message="failed",
            error=schemas.ErrorOut(raised=raised, message=str(error), code=code),
        ),
        HTTPStatus(int(code)),
    )


def _response(answer: schemas.ClassifyOut, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(answer.model_dump_json(), status, media_type="application/json")


def _species_out(species: Species, version: str) -> schemas.SpeciesOut:
    return schemas.SpeciesOut(
        pred_confidence=species.confidence, pred_label=species.label, model_version=version
    )


def _is_list(body: bytes) -> bool:
    return body.lstrip()[:1] == b"["


def _sentence(invalid: ValidationError) -> str:
    """Every field and what is wrong with it; of many, the first ``MAX_ERRORS``."""
    errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    named = [
        ": ".join(filter(None, (".".join(str(part) for part in error["loc"]), error["msg"])))
        for error in errors[:MAX_ERRORS]
    ]
    if more := len(errors) - len(named):
        named.append(f"and {more} more")
    return "; ".join(named)
