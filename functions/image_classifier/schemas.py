"""What the classifier answers, as it goes over the wire."""

from pydantic import BaseModel, Field

from serving.models import ModelName
from tabular.schemas import TabularModelOut


class ModelInput(BaseModel):
    """Pixels the model sees: cut from the centre after resizing the shorter side."""

    height: int
    width: int
    resize_shorter_side: int
    resampling: str = Field(description="How pixels are interpolated: bilinear or bicubic.")


class ThresholdOut(BaseModel):
    """The score from which on answers are sure, and what that meant for photos held out."""

    score: float
    wanted: float = Field(description="The precision that was asked for.")
    precision: float = Field(description="The share of the sure answers that was right.")
    coverage: float = Field(description="The share of the answers that was sure.")


class CalibrationOut(BaseModel):
    """What was done so that scores mean what they say."""

    temperature: float = Field(description="What logits are divided by.")
    error_before: float = Field(description="Expected calibration error without it, 0 to 1.")
    error_after: float
    photos: int
    on: str = Field(description="Which photos these were.")
    threshold: ThresholdOut | None


class ModelOut(ModelName):
    """Everything known about a model that serves."""

    input: ModelInput
    classes: int
    quantization: str
    weights: dict[str, object] = Field(description="Source, SHA-256 and licence of the weights.")
    agreement: dict[str, object] = Field(description="How the artifact compares to its reference.")
    calibration: CalibrationOut | None = Field(description="Null where scores are the model's own.")
    threads: int = Field(description="Threads one inference uses.")
    stands_in_for: str | None = Field(description="The model asked for, when it could not be had.")
    notice: str | None = Field(description="The same as a sentence for people.")


class ModelsOut(BaseModel):
    """The image model, then the tabular ones, which functions of their own serve."""

    models: list[ModelOut | TabularModelOut]


class LabelOut(BaseModel):
    """One class."""

    index: int
    wnid: str | None
    label: str
    synonyms: list[str]


class LabelsOut(BaseModel):
    """Labels that match, best first."""

    labels: list[LabelOut]
