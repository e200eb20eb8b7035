"""What is kept of an answer."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Feedback:
    """One person's answer to one prediction, which ``nonce`` identifies.

    ``true_label`` and ``true_wnid`` are what the photo shows, as far as the person said so: the
    prediction's own where it was right, None where it was wrong and nothing better was named.
    ``answered_at`` is in UTC; of two answers to one prediction the later one stands. ``sure`` is
    the receipt's.
    """

    nonce: str
    answered_at: datetime
    model_name: str
    model_version: str
    image_sha256: str
    predicted_label: str
    predicted_wnid: str | None
    score: float
    correct: bool
    true_label: str | None
    true_wnid: str | None
    comment: str | None
    sure: bool | None = None


@dataclass(frozen=True)
class Judgement:
    """The part of an answer that is counted."""

    correct: bool
    predicted_label: str
    true_label: str | None
    sure: bool | None = None
