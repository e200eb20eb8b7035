"""Settings of the queue's worker, read once from the environment by ``worker``."""

from pydantic import Field

from image_classifier.settings import ClassifierSettings
from prediction_store.settings import PredictionStoreSettings


class WorkerSettings(ClassifierSettings, PredictionStoreSettings):
    """Field names are the environment variables, in capitals."""

    topic_arn: str | None = Field(
        default=None, description="SNS topic that is told of finished predictions; none by default."
    )
    keep_uploads: bool = Field(
        default=False, description="Keep photos that are answered, until the bucket deletes them."
    )
    max_receives: int = Field(
        default=5, ge=1, description="The queue's maxReceiveCount: then a photo ends untried."
    )
