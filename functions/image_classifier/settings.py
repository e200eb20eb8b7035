"""Settings of the classifier, read once from the environment by ``handler``."""

from pathlib import Path

from pydantic import Field

from serving.settings import ReceiptSettings, ServingSettings


class ClassifierSettings(ReceiptSettings):
    """Field names are the environment variables, in capitals."""

    model_dir: Path = Field(description="Folder of the model artifact.")
    model_fallback_from: str | None = Field(
        default=None,
        description="Model this one stands in for; shown on the page and by /v1/models.",
    )
    other_models: tuple[Path, ...] = Field(
        default=(),
        description="Folders of the tabular models that /v1/models lists too, as a JSON list.",
    )


class CollectionWorkerSettings(ServingSettings):
    """What ``collection_handler`` reads."""

    model_dir: Path = Field(description="Folder of the model artifact.")
    output_bucket: str = Field(description="Bucket that keeps collections' plans and results.")
