"""Settings of functions with a tabular model, read once from the environment by ``handler``."""

from pathlib import Path

from pydantic import Field

from serving.settings import ServingSettings


class TabularSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    model_dir: Path | None = Field(
        default=None, description="Folder of a tabular model's artifact; else the embedded one."
    )
