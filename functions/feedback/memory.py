"""The store as a dict, for tests and for trying the routes without a table."""

import threading
from collections.abc import Iterator

from feedback.record import Feedback, Judgement


class MemoryStore:
    """See ``store.FeedbackStore``."""

    def __init__(self) -> None:
        self._answers: dict[str, Feedback] = {}
        self._lock = threading.Lock()

    def put(self, feedback: Feedback) -> bool:
        """Store an answer unless a later one stands; True for the first."""
        with self._lock:
            standing = self._answers.get(feedback.nonce)
            if standing is None or standing.answered_at <= feedback.answered_at:
                self._answers[feedback.nonce] = feedback
            return standing is None

    def judgements(self, model_version: str) -> Iterator[Judgement]:
        """Every answer to predictions of that model version."""
        for answer in self.answers():
            if answer.model_version == model_version:
                yield Judgement(
                    answer.correct, answer.predicted_label, answer.true_label, answer.sure
                )

    def answers(self) -> Iterator[Feedback]:
        """Everything stored."""
        with self._lock:
            return iter(list(self._answers.values()))
