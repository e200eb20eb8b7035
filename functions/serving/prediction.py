"""A photo's classes as they go over the wire, at once or later."""

from pydantic import BaseModel, Field

from serving.models import ModelName


class PredictionOut(BaseModel):
    """One class and its probability."""

    label: str
    wnid: str | None = Field(description="WordNet id; null where the labels are not ImageNet's.")
    score: float = Field(ge=0, le=1)


class PredictOut(BaseModel):
    """The most likely classes, best first."""

    prediction_id: str = Field(description="Signed receipt; send it back with feedback.")
    model: ModelName
    sure: bool | None = Field(
        default=None,  # answers that earlier versions stored have none
        description="Whether the first score reaches the model's threshold; null without one.",
    )
    predictions: list[PredictionOut]
