"""Limits that a run must keep, and the sentence when it does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.summary import Summary


@dataclass(frozen=True)
class Thresholds:
    """The most that is allowed; None is not looked at. Ratios are 0…1."""

    p95_ms: float | None = None
    error_rate: float | None = None
    cold_ratio: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(each is not None for each in (self.p95_ms, self.error_rate, self.cold_ratio))


def broken(limits: Thresholds, summary: Summary) -> Iterator[str]:
    """A sentence for each limit that was exceeded. A run without answers keeps none."""
    if limits.any and not summary.ok:
        yield "There was not one good answer, so no limit is kept."
    if limits.p95_ms is not None and summary.latency and summary.latency.p95.ms > limits.p95_ms:
        yield f"p95 is {summary.latency.p95}, above --max-p95-ms {limits.p95_ms:g}."
    if limits.error_rate is not None and summary.error_rate > limits.error_rate:
        yield (
            f"Error rate is {summary.error_rate:.4f} ({summary.fails} of"
            f" {summary.requests - summary.refused}), above --max-error-rate"
            f" {limits.error_rate:g}."
        )
    if limits.cold_ratio is not None and summary.cold_ratio > limits.cold_ratio:
        yield (
            f"Cold ratio is {summary.cold_ratio:.4f} ({summary.cold} of"
            f" {summary.cold + summary.warm}), above --max-cold-ratio {limits.cold_ratio:g}."
        )
