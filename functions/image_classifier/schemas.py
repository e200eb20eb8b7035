"""What the classifier answers, as it goes over the wire."""

from pydantic import BaseModel, Field

from serving.models import ModelName
from tabular.routes import TabularModelOut


class ModelInput(BaseModel):
    """Pixels the model sees: cut from the centre after resizing the shorter side."""

    height: int
    width: int
    resize_shorter_side: int
    resampling: str = Field(description="How pixels are interpolated: bilinear or bicubic.")


class ModelOut(ModelName):
    """Everything known about a model that serves."""

    input: ModelInput
    classes: int
    quantization: str
    weights: dict[str, object] = Field(description="Source, SHA-256 and licence of the weights.")
    agreement: dict[str, object] = Field(description="How the artifact compares to its reference.")
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
