"""How memory and descriptors of processes grow with the requests they serve."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Any

from loadtest.soak.limits import Limits

Record = Mapping[str, Any]
"""A line of the gateway's ``requests.jsonl``: see ``infra.local.aws_lambda.report.Report``."""

MB = 1_000_000
GATEWAY = "gateway"


@dataclass(frozen=True)
class Sample:
    """One look at the processes of an environment, or at the gateway's."""

    time: float
    environment_id: str
    function: str
    memory_bytes: int
    descriptors: int


@dataclass(frozen=True)
class Growth:
    """Memory and descriptors of an environment's processes, from when it is warm to its end.

    ``mb_per_1000`` requests is the slope of a line through its ``warm_requests``; 0 without any.
    """

    environment_id: str
    function: str
    requests: int
    first_mb: float
    last_mb: float
    warm_requests: int
    mb_per_1000: float
    first_descriptors: int
    last_descriptors: int

    @property
    def fitted_mb(self) -> float:
        """How much that line rises."""
        return self.mb_per_1000 * self.warm_requests / 1000

    @property
    def name(self) -> str:
        """For people."""
        if self.function == GATEWAY:
            return GATEWAY
        return f"{self.function} {self.environment_id[:6]}"


def growths(samples: Iterable[Sample], records: Sequence[Record], limits: Limits) -> list[Growth]:
    """Each environment's growth over the requests it had ended; the gateway's over all."""
    ends: dict[str, list[float]] = defaultdict(list)
    for record in records:
        for environment_id in (record["environment_id"], GATEWAY):
            ends[environment_id or ""].append(record["time"])
    of_environment: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        of_environment[sample.environment_id].append(sample)
    return [_growth(of_environment[name], sorted(ends[name]), limits) for name in of_environment]


def _growth(samples: Sequence[Sample], ends: Sequence[float], limits: Limits) -> Growth:
    points = [(bisect_right(ends, each.time), each) for each in samples]
    # Without a warm sample there is nothing to compare: the last stands for the first too.
    warm = [point for point in points if point[0] >= limits.warm_up_requests] or points[-1:]
    (before, first), (after, last) = warm[0], warm[-1]
    slope = 0.0
    if after > before:
        x, y = zip(*((count, each.memory_bytes / MB) for count, each in warm), strict=True)
        slope = linear_regression(x, y).slope
    return Growth(
        environment_id=last.environment_id,
        function=last.function,
        requests=after,
        first_mb=first.memory_bytes / MB,
        last_mb=last.memory_bytes / MB,
        warm_requests=after - before,
        mb_per_1000=slope * 1000,
        first_descriptors=first.descriptors,
        last_descriptors=last.descriptors,
    )
