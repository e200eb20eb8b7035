"""What the state machine begins with and hands from step to step."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Collection:
    """Photos below a prefix of a bucket, and how they are to be classified; ``min_score`` as for
    ``is_unsure``.
    """

    id: str
    bucket: str
    prefix: str
    top_k: int
    max_concurrency: int
    min_score: float | None

    def event(self) -> dict[str, Any]:
        """The execution's input; every step gets it whole."""
        return asdict(self) | {"output_prefix": output_prefix(self.id)}


def output_prefix(collection_id: str) -> str:
    """Where a collection's files are in the output bucket."""
    return f"collections/{collection_id}/"
