"""Settings of the doors, read once from the environment by their handlers."""

from pathlib import Path

from pydantic import Field

from serving.settings import ServingSettings


class PhotoDoorSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    model_dir: Path = Field(description="Folder of the model artifact.")


class TabularDoorSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    iris_model_dir: Path | None = Field(
        default=None, description="Folder of iris' artifact; else the embedded one."
    )
    flight_delay_model_dir: Path | None = Field(
        default=None, description="Folder of flight delay's artifact; else the embedded one."
    )
