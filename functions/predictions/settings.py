"""Settings of predictions, read once from the environment by ``handler``."""

from pydantic import Field

from serving.settings import ServingSettings


class PredictionsSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    predictions_table: str = Field(
        description="DynamoDB table that keeps predictions answered later."
    )
    uploads_bucket: str = Field(description="S3 bucket of the photos that wait to be answered.")
    prediction_days: int = Field(
        default=7, ge=1, description="Days after which a prediction answered later is deleted."
    )
