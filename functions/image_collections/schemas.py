"""What goes over the wire of collections."""

from datetime import datetime

from pydantic import BaseModel, Field


class CollectionIn(BaseModel):
    """A collection to classify."""

    source: str = Field(description="s3://bucket/prefix; the bucket is one of the stack's.")
    top_k: int = Field(default=5, ge=1, le=20)
    max_concurrency: int = Field(default=100, ge=1, le=10_000, description="Most batches at once.")
    min_score: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Below it a class is unsure; else below the model's threshold, or 0.5.",
    )


class CollectionStarted(BaseModel):
    """It was begun."""

    id: str
    status: str


class CollectionOut(CollectionStarted):
    """How it stands; ``photos`` is null until it is planned."""

    photos: int | None
    done: int = Field(description="Photos of finished batches.")
    failed_batches: int
    photos_per_second: float | None
    started_at: datetime
    stopped_at: datetime | None
    error: str | None
    detail: str | None
    outputs: dict[str, str] = Field(description="File name → address, valid for an hour.")
