"""What goes over the wire."""

from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from serving.models import ModelName

MAX_FLIGHTS = 10_000


class FlightIn(TypedDict):
    """One flight; its optional columns make the answer better."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]  # Pydantic's own way

    OPERA: Annotated[str, Field(description="Airline, as GET /v1/flights/airlines lists them.")]
    MES: Annotated[int, Field(ge=1, le=12, description="Month.")]
    TIPOVUELO: Annotated[str, Field(description="I: international, N: national.")]
    DIANOM: NotRequired[Annotated[str | None, Field(description="Lunes … Domingo.")]]
    periodo_dia: NotRequired[Annotated[str | None, Field(description="mañana, tarde or noche.")]]


FlightList = Annotated[list[FlightIn], Field(min_length=1, max_length=MAX_FLIGHTS)]
Flights = TypeAdapter(FlightList)


class FlightsIn(BaseModel):
    """The same list in an object."""

    model_config = ConfigDict(extra="forbid", strict=True)

    flights: FlightList


class PredictionOut(BaseModel):
    """The answer to one flight."""

    response: Literal[0, 1] = Field(description="1: a delay of more than 15 minutes.")


class DelayOut(PredictionOut):
    """The answer to one of many flights."""

    probability: float = Field(ge=0, le=1)


class DelaysOut(BaseModel):
    """An answer for each flight, in their order."""

    model: ModelName
    threshold: float = Field(description="Probability from which the response is 1.")
    flights: list[DelayOut]


class AirlinesOut(BaseModel):
    """The airlines that the model knows."""

    airlines: list[str]
