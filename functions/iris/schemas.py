"""What goes over the wire, as the clients of the service before this one know it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MAX_FLOWERS = 1000
VERSION = "1.0.0"

Centimetres = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]


class Flower(BaseModel):
    """An iris' measurements in cm, as numbers."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "sepal_length": 7.7,
                "sepal_width": 2.6,
                "petal_length": 6.9,
                "petal_width": 2.3,
            }
        },
    )

    sepal_length: Centimetres
    sepal_width: Centimetres
    petal_length: Centimetres
    petal_width: Centimetres


Flowers = TypeAdapter(Annotated[list[Flower], Field(min_length=1, max_length=MAX_FLOWERS)])


class SpeciesOut(BaseModel):
    """The likeliest species."""

    pred_confidence: float = Field(ge=0, le=1)
    pred_label: str
    model_version: str = Field(description="32 hex digits.")


class ErrorOut(BaseModel):
    """What went wrong, and where."""

    raised: str
    raisedOn: str = "ApiClassify"  # noqa: N815  # the clients' own spelling
    message: str
    code: Literal["400", "500"]


class ClassifyOut(BaseModel):
    """One species, or a list of them where a list was sent; or the error."""

    message: Literal["success", "failed"]
    data: SpeciesOut | list[SpeciesOut] | None = None
    error: ErrorOut | None = None
    version: str = VERSION
