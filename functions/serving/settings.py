"""Settings every function shares, read once from the environment by its ``handler``."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServingSettings(BaseSettings):
    """Field names are the environment variables, in capitals; an empty one counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    receipt_key: SecretStr = Field(
        min_length=32, description="Secret that signs prediction receipts; at least 32 characters."
    )
    aws_lambda_function_memory_size: int = Field(
        default=1769, description="Set by Lambda: the function's memory in MB."
    )
    aws_lambda_initialization_type: str = Field(
        default="on-demand", description="Set by Lambda: how this environment was started."
    )
    aws_lambda_log_stream_name: str = Field(
        default="", description="Set by Lambda: names this environment."
    )
