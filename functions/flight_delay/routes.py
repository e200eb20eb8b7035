"""The routes of flight delay: HTTP in, HTTP out; what they say is in ``schemas``."""

from collections import Counter

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from flight_delay import schemas
from flight_delay.model import COLUMNS, REQUIRED, DelayModel, InvalidTable, Table
from flight_delay.upload import listed, read_table
from serving.api import InvalidParameter
from tabular.routes import model_router

MAX_QUERY_BYTES = 2000
QUERY = {
    "parameters": [
        {
            "name": column,
            "in": "query",
            "required": column in REQUIRED,
            "schema": {"type": "integer" if column == "MES" else "string"},
        }
        for column in COLUMNS
    ]
}
FLIGHTS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [schemas.Flights.json_schema(), schemas.FlightsIn.model_json_schema()]
                }
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


def create_router(model: DelayModel) -> APIRouter:
    """Routes around ``model``."""
    router = APIRouter()
    manifest = model.manifest
    router.include_router(model_router(manifest, "/flights/health"), prefix="/v1")
    described = {"name": manifest.name, "version": manifest.model_version}
    airlines = schemas.AirlinesOut(airlines=manifest.inputs["OPERA"])

    # async without threads: a Lambda environment serves one request at a time
    @router.get("/prediction", response_model=schemas.PredictionOut, openapi_extra=QUERY)
    @router.get("/v1/prediction", response_model=schemas.PredictionOut, openapi_extra=QUERY)
    async def prediction(request: Request) -> Response:
        """Whether a flight will be late by more than 15 minutes: 1, or 0."""
        try:
            probabilities = model.probabilities(_from_query(request))
        except InvalidTable as exc:
            faults = [f"{fault.column}: {fault.text}" for fault in exc.faults]
            raise InvalidParameter(listed(faults, exc.count)) from exc
        return JSONResponse({"response": int(model.responses(probabilities)[0])})

    @router.post("/v1/flights/delay", response_model=schemas.DelaysOut, openapi_extra=FLIGHTS_BODY)
    async def delay(request: Request) -> Response:
        """The probability of a delay, and the answer, for each of up to 10 000 flights."""
        try:
            probabilities = model.probabilities(await read_table(request))
        except InvalidTable as exc:
            faults = [f"row {f.row + 1}, column {f.column}: {f.text}" for f in exc.faults]
            raise InvalidParameter(listed(faults, exc.count)) from exc
        responses = model.responses(probabilities).tolist()
        flights = [
            {"probability": probability, "response": response}
            for probability, response in zip(
                probabilities.round(6).tolist(), responses, strict=True
            )
        ]
        return JSONResponse({"model": described, "threshold": model.threshold, "flights": flights})

    @router.get("/v1/flights/airlines")
    async def list_airlines(response: Response) -> schemas.AirlinesOut:
        """The airlines that the model knows."""
        response.headers["cache-control"] = "public, max-age=3600"
        return airlines

    return router


def _from_query(request: Request) -> Table:
    """The query as a table of one flight.

    Raises:
        InvalidParameter: it is too long, or a parameter is unknown or there more than once.
    """
    size = len(request.scope["query_string"])
    if size > MAX_QUERY_BYTES:
        raise InvalidParameter(f"The query has {size:,} bytes; at most {MAX_QUERY_BYTES:,} fit.")
    items = request.query_params.multi_items()
    for name, count in Counter(name for name, _ in items).items():
        if name not in COLUMNS:
            raise InvalidParameter(f"{name[:40]}: there is none but {', '.join(COLUMNS)}.")
        if count > 1:
            raise InvalidParameter(f"{name}: it is there {count} times; send it once.")
    row = {name: [value or None] for name, value in items}
    return {"OPERA": [None], **row}
