"""Where answers are kept: what the routes and the export need of it."""

from collections.abc import Iterator
from typing import Protocol

from feedback.record import Feedback, Judgement


class FeedbackStore(Protocol):
    """Answers by prediction; what cannot be told raises ``serving.aws.StoreUnavailable``."""

    def put(self, feedback: Feedback) -> bool:
        """Store an answer unless a later one to the same prediction stands; True for the first.

        Of concurrent first answers one item remains, and one caller gets True.
        """

    def judgements(self, model_version: str) -> Iterator[Judgement]:
        """Every answer to predictions of that model version, in no promised order."""

    def answers(self) -> Iterator[Feedback]:
        """Everything stored, for the export; in no promised order."""
