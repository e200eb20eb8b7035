"""What tabular models say of themselves, as it goes over the wire."""

from pydantic import Field

from serving.models import ModelName


class TabularModelOut(ModelName):
    """Everything known about a tabular model that serves."""

    version: str = Field(description="The MLflow run, or 32 hex digits of the model's SHA-256.")
    inputs: dict[str, list[str]] = Field(description="Columns and, where they are names, which.")
    classes: list[str]
    threshold: float | None = Field(description="Probability from which the answer is yes.")
    trained_on: dict[str, object] = Field(description="The data: source, rows, period.")
    training: dict[str, object] = Field(description="Estimator and its settings.")
    metrics: dict[str, float] = Field(description="On data that was held out from training.")
