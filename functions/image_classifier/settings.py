"""Settings of the classifier, read once from the environment by ``handler``."""

from pathlib import Path

from pydantic import Field

from serving.settings import ReceiptSettings


class ClassifierSettings(ReceiptSettings):
    """Field names are the environment variables, in capitals."""

    model_dir: Path = Field(description="Folder of the model artifact.")
    model_fallback_from: str | None = Field(
        default=None,
        description="Model this one stands in for; shown on the page and by /v1/models.",
    )
