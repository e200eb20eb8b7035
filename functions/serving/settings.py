"""Settings that functions share, read once from the environment by each one's ``handler``."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MB_PER_VCPU = 1769  # AWS Lambda developer guide, "Configure Lambda function memory"


class ServingSettings(BaseSettings):
    """What every function reads.

    Field names are the environment variables, in capitals; an empty one counts as not set.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True)

    aws_lambda_function_memory_size: int = Field(
        default=1769, description="Set by Lambda: the function's memory in MB."
    )
    aws_lambda_initialization_type: str = Field(
        default="on-demand", description="Set by Lambda: how this environment was started."
    )
    aws_lambda_log_stream_name: str = Field(
        default="", description="Set by Lambda: names this environment."
    )


class ReceiptSettings(ServingSettings):
    """What functions read that issue or verify prediction receipts."""

    receipt_key: SecretStr = Field(
        min_length=32, description="Secret that signs prediction receipts; at least 32 characters."
    )


def threads_for(memory_mb: int, cpu_count: int) -> int:
    """Inference threads: one per vCPU that Lambda gives for the memory, at most ``cpu_count``."""
    return max(1, min(round(memory_mb / MB_PER_VCPU), cpu_count))
