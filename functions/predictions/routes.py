"""Routes of predictions that are answered later; what they say is in ``schemas``."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from prediction_store.record import (
    ID,
    MAX_UPLOAD_BYTES,
    UNFINISHED,
    UPLOAD_LIFETIME,
    Claim,
    Status,
    StoredPrediction,
)
from predictions import schemas
from predictions.store import PhotoStore, PredictionStore
from serving.body import read_json
from serving.errors import NotFound, Unavailable, UnprocessableContent
from serving.image_body import IMAGE_BODY, check_size, read_image
from serving.prediction import PredictOut
from serving.problem import ProblemOut

MAX_BODY_BYTES = 4096
MAX_KEY_CHARACTERS = 200
RETRY_AFTER = {"retry-after": "1"}  # a photo alone in the queue takes about as long

# FastAPI cannot derive this one: the route reads the body itself, for the sake of the codes.
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": schemas.UploadIn.model_json_schema()}},
    }
}


class PredictionNotFound(NotFound):
    """There is no prediction of that id, or no longer."""

    code = "prediction_not_found"


class IdempotencyConflict(UnprocessableContent):
    """The key stands for another photo, or for another number of classes."""

    code = "idempotency_conflict"


def create_router(
    store: PredictionStore,
    photos: PhotoStore,
    new_id: Callable[[], str],
    now: Callable[[], datetime],
) -> APIRouter:
    """Routes around ``store`` and ``photos``; ids match ``record.ID``, times are in UTC."""
    router = APIRouter()

    # async without threads: a Lambda environment serves one request at a time
    @router.post("/uploads", status_code=HTTPStatus.CREATED, openapi_extra=UPLOAD_BODY)
    async def upload(request: Request, response: Response) -> schemas.UploadOut:
        """Announce a photo of up to 50 MB, and get a form that uploads it."""
        photo = await read_json(request, schemas.UploadIn, MAX_BODY_BYTES)
        check_size(photo.size_bytes, MAX_UPLOAD_BYTES)
        created_at = now()
        until = created_at + UPLOAD_LIFETIME
        prediction = StoredPrediction(
            new_id(), Status.AWAITING_UPLOAD, created_at, photo.top_k, upload_until=until
        )
        store.create(prediction)
        form = photos.presign(prediction.id, photo.content_type, photo.size_bytes, UPLOAD_LIFETIME)
        url = response.headers["location"] = _url(prediction.id)
        return schemas.UploadOut(
            prediction=schemas.PredictionRef(id=prediction.id, url=url),
            upload=schemas.UploadForm(**asdict(form), expires_at=until),
        )

    @router.post(
        "/predictions",
        status_code=HTTPStatus.ACCEPTED,
        response_model_exclude_unset=True,
        openapi_extra=IMAGE_BODY,
    )
    async def predict(
        request: Request,
        response: Response,
        top_k: Annotated[int | None, Query(ge=1, le=schemas.MAX_TOP_K)] = None,
        idempotency_key: Annotated[
            str | None, Header(min_length=1, max_length=MAX_KEY_CHARACTERS)
        ] = None,
    ) -> schemas.PredictionStateOut:
        """Have a photo classified; the same key and photo again give the same prediction."""
        photo = await read_image(request)
        created_at = now()
        prediction_id = new_id()
        if idempotency_key is not None:
            claim = Claim(idempotency_key, sha256(photo).hexdigest(), top_k, prediction_id)
            prediction_id = _claimed(store.claim(claim, created_at), claim)
        # A key may stand for a prediction, or a photo, that an interrupted request never stored:
        # what is missing is stored now.
        prediction = store.create(StoredPrediction(prediction_id, Status.QUEUED, created_at, top_k))
        if prediction.status is Status.QUEUED:
            try:
                photos.put(prediction.id, photo)
            except Unavailable:
                if idempotency_key is None:  # else another request may rely on it
                    store.withdraw(prediction.id)
                raise
        response.headers["location"] = _url(prediction.id)
        response.headers.update(RETRY_AFTER)
        return _state(prediction, created_at)

    @router.get("/predictions/{prediction_id}", response_model_exclude_unset=True)
    async def state(prediction_id: str, response: Response) -> schemas.PredictionStateOut:
        """Where a prediction stands, and its answer."""
        asked_at = now()
        prediction = store.get(prediction_id, asked_at) if ID.fullmatch(prediction_id) else None
        if prediction is None:
            raise PredictionNotFound("There is no prediction of this id, or no longer.")
        response.headers["cache-control"] = "no-store"
        if prediction.status_at(asked_at) in UNFINISHED:
            response.headers.update(RETRY_AFTER)
        return _state(prediction, asked_at)

    return router


def _url(prediction_id: str) -> str:
    return f"/v1/predictions/{prediction_id}"


def _claimed(standing: Claim, claim: Claim) -> str:
    """The id of the prediction that the key stands for."""
    if (standing.image_sha256, standing.top_k) != (claim.image_sha256, claim.top_k):
        raise IdempotencyConflict(
            "This Idempotency-Key was sent with another photo or another top_k before."
        )
    return standing.prediction_id


def _state(prediction: StoredPrediction, now: datetime) -> schemas.PredictionStateOut:
    """What is not set is left out of the answer."""
    state = schemas.PredictionStateOut(
        id=prediction.id, status=prediction.status_at(now), created_at=prediction.created_at
    )
    if prediction.finished_at is not None:
        state.finished_at = prediction.finished_at
    if prediction.answer is not None:
        state.prediction = PredictOut.model_validate_json(prediction.answer)
    if prediction.problem is not None:
        state.error = ProblemOut.model_validate_json(prediction.problem)
    return state
