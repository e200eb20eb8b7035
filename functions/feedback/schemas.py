"""What feedback takes and answers, as it goes over the wire."""

from pydantic import BaseModel, Field, StrictBool


class FeedbackIn(BaseModel):
    """A person's answer to one prediction."""

    prediction_id: str = Field(description="The receipt that came with the prediction.")
    correct: StrictBool = Field(description="Whether the first class is what the photo shows.")
    label: str | None = Field(
        default=None,
        description="What it shows instead: name or WordNet id of one of the model's classes.",
    )
    comment: str | None = Field(
        default=None, description="At most 500 characters of plain text; kept, never rendered."
    )


class FeedbackOut(BaseModel):
    """What stands now, unless a later answer had already been given."""

    prediction_id: str
    correct: bool
    label: str | None = Field(description="What the photo shows, as far as the answer says.")
    wnid: str | None


class Interval(BaseModel):
    """Bounds of an interval within 0…1."""

    low: float
    high: float


class ConfusionOut(BaseModel):
    """A prediction that was called wrong, and what it should have been."""

    predicted: str
    actual: str
    count: int


class CountOut(BaseModel):
    """Answers, and the share of them that says right."""

    answers: int
    correct: int
    accuracy: float | None = Field(description="Share of answers that say right; null without any.")
    accuracy_95: Interval | None = Field(description="Its 95 % Wilson score interval.")


class SummaryOut(CountOut):
    """What people say of one model version; those who answer are not a random sample."""

    model_version: str
    wrong: int
    sure: CountOut = Field(description="Predictions that reached the model's threshold.")
    unsure: CountOut = Field(description="Those that did not; both are empty where it has none.")
    confusions: list[ConfusionOut] = Field(description="The most frequent, at most 20.")
