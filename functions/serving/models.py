"""What every function says of its model: which it is, and whether it is ready."""

from pydantic import BaseModel, Field


class ModelName(BaseModel):
    """The model that answered."""

    name: str
    version: str = Field(description="First 12 hex digits of the model's SHA-256.")


class HealthOut(BaseModel):
    """Ready: the model's hash was verified and it is loaded."""

    status: str = "ok"
    model: ModelName
