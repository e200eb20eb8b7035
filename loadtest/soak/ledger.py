"""Feedback that the service confirmed, to be compared with what its table has in the end."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Feedback by note: the number of the last answer that the service confirmed."""

    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    confirmed: dict[str, int] = field(default_factory=dict)
    _notes: int = 0

    def new_note(self) -> str:
        """A name for one prediction's feedback."""
        self._notes += 1
        return str(self._notes)

    def comment(self, note: str, number: int) -> str:
        """What is said, so that it can be found again."""
        return f"soak {self.run} {note} {number}"

    def confirm(self, note: str, number: int) -> None:
        """The service said that it keeps this answer."""
        self.confirmed[note] = number

    def lost(self, comments: Iterable[str | None]) -> list[str]:
        """Notes whose last confirmed answer, or a later one, is not there exactly once."""
        found: dict[str, list[int]] = defaultdict(list)
        for comment in comments:
            match (comment or "").split():
                case ["soak", self.run, note, number]:
                    found[note].append(int(number))
        return [
            note
            for note, number in self.confirmed.items()
            if len(found[note]) != 1 or found[note][0] < number
        ]
