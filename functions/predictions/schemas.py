"""What predictions takes and answers, as it goes over the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, StrictInt

from prediction_store.record import MAX_UPLOAD_BYTES, Status
from serving.prediction import PredictOut
from serving.problem import ProblemOut

MAX_TOP_K = 1000  # ImageNet's classes


class UploadIn(BaseModel):
    """The photo that will be uploaded."""

    content_type: Literal[
        "image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff"
    ]
    size_bytes: StrictInt = Field(
        alias="bytes", ge=1, description=f"Its exact size, at most {MAX_UPLOAD_BYTES:,}."
    )
    top_k: StrictInt | None = Field(
        default=None, ge=1, le=MAX_TOP_K, description="As with /v1/predict."
    )


class PredictionRef(BaseModel):
    """A prediction, and where it is answered."""

    id: str
    url: str


class UploadForm(BaseModel):
    """A multipart form: these fields first, and the photo last, as the field ``file``."""

    url: str
    method: Literal["POST"] = "POST"
    fields: dict[str, str]
    expires_at: datetime


class UploadOut(BaseModel):
    """Where to upload the photo, and where to ask for its classes."""

    prediction: PredictionRef
    upload: UploadForm


class PredictionStateOut(BaseModel):
    """Where a prediction stands."""

    id: str
    status: Status
    created_at: datetime
    finished_at: datetime | None = None
    prediction: PredictOut | None = Field(default=None, description="What /v1/predict answers.")
    error: ProblemOut | None = Field(default=None, description="What /v1/predict refuses with.")
