"""Settings that predictions and the worker share, read once from the environment by each."""

from pydantic import Field

from serving.settings import ServingSettings


class PredictionStoreSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    predictions_table: str = Field(
        description="DynamoDB table that keeps predictions answered later."
    )
    uploads_bucket: str = Field(description="S3 bucket of the photos that wait to be answered.")
    prediction_days: int = Field(
        default=7, ge=1, description="Days after which a prediction answered later is deleted."
    )
