"""Feedback's routes: HTTP in, HTTP out; what they say is in ``schemas``."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from feedback import schemas
from feedback.answer import as_feedback
from feedback.labels import ModelClass
from feedback.store import FeedbackStore
from feedback.summary import Count, Summary, summarize, wilson_interval
from serving.body import read_json
from serving.receipts import ReceiptBook

# A receipt is about 400 bytes; 500 characters of comment, each written \ud83d\ude00, are 6000.
MAX_BODY_BYTES = 16_384

# FastAPI cannot derive this one: the route reads the body itself, for the sake of the codes.
ANSWER_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": schemas.FeedbackIn.model_json_schema()}},
    }
}


def create_router(
    store: FeedbackStore,
    receipts: ReceiptBook,
    labels: Mapping[str, ModelClass],
    now: Callable[[], datetime],
) -> APIRouter:
    """Routes around ``store``; ``labels`` are the classes by name and WordNet id."""
    router = APIRouter()

    # async without threads: a Lambda environment serves one request at a time
    @router.post(
        "",
        status_code=HTTPStatus.CREATED,
        responses={HTTPStatus.OK: {"model": schemas.FeedbackOut, "description": "Answered again"}},
        openapi_extra=ANSWER_BODY,
    )
    async def answer(request: Request, response: Response) -> schemas.FeedbackOut:
        """Say whether a prediction was right; of two answers to one, the later stands."""
        answer = await read_json(request, schemas.FeedbackIn, MAX_BODY_BYTES)
        feedback = as_feedback(answer, receipts.verify(answer.prediction_id), labels, now())
        if not store.put(feedback):
            response.status_code = HTTPStatus.OK
        return schemas.FeedbackOut(
            prediction_id=answer.prediction_id,
            correct=feedback.correct,
            label=feedback.true_label,
            wnid=feedback.true_wnid,
        )

    @router.get("/summary")
    async def summary(
        model_version: Annotated[str, Query(min_length=1, max_length=64)],
    ) -> schemas.SummaryOut:
        """What people say of one model version."""
        return _summary_out(model_version, summarize(store.judgements(model_version)))

    return router


def _summary_out(model_version: str, summary: Summary) -> schemas.SummaryOut:
    return schemas.SummaryOut(
        **dict(_count_out(summary.total)),
        model_version=model_version,
        wrong=summary.total.answers - summary.total.correct,
        sure=_count_out(summary.sure),
        unsure=_count_out(summary.unsure),
        confusions=[schemas.ConfusionOut(**asdict(confusion)) for confusion in summary.confusions],
    )


def _count_out(count: Count) -> schemas.CountOut:
    accuracy = interval = None
    if count.answers:
        accuracy = count.correct / count.answers
        low, high = wilson_interval(count.correct, count.answers)
        interval = schemas.Interval(low=low, high=high)
    return schemas.CountOut(**asdict(count), accuracy=accuracy, accuracy_95=interval)
