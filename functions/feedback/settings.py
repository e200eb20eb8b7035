"""Settings of feedback, read once from the environment by ``handler``."""

from pathlib import Path

from pydantic import Field, SecretStr

from serving.settings import ReceiptSettings


class FeedbackSettings(ReceiptSettings):
    """Field names are the environment variables, in capitals."""

    previous_receipt_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key before the present one, after a rotation; receipts it signed stay valid.",
    )
    table_name: str = Field(description="DynamoDB table that keeps the feedback.")
    labels_file: Path = Field(description="The model artifact's labels.json.")
    retention_days: int = Field(
        default=730, ge=1, description="Days after which feedback is deleted."
    )
