"""The accounts of a soak: which failures a kill excuses, and what must not be. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from loadtest.soak.growth import GATEWAY, Growth, Record
from loadtest.soak.limits import Limits

# How the gateway records that an environment ended under a request, served or still initialising.
_ENDED = frozenset({"function_crashed", "init_failed"})
_EXPECTED = frozenset({"ok", "initialized", "abandoned", "too_many_requests"})
_LOG_WAIT_S = 0.25
"""After a cold start the gateway waits up to 0.2 s for the function's log, then stamps a record."""

_ROUNDING_S = 0.01


@dataclass(frozen=True)
class Kill:
    """An environment that was killed; epoch seconds just before and just after."""

    environment_id: str
    function: str
    began: float
    ended: float


@dataclass(frozen=True)
class Failure:
    """A request without its due answer; without ``request_id`` there was no answer at all."""

    kind: str
    request_id: str | None
    code: str | None
    what: str


@dataclass(frozen=True)
class Failures:
    """Those in flight in an environment as it was killed, those sent there after, and the rest."""

    in_flight: tuple[Failure, ...]
    found_dead: tuple[Failure, ...]
    unexcused: tuple[Failure, ...]


@dataclass(frozen=True)
class Accounts:
    """Everything that is judged; ``gateway_descriptors`` before and after, with no client there."""

    kills: Sequence[Kill]
    failures: Failures
    unexplained: Sequence[Record]
    growth: Sequence[Growth]
    gateway_descriptors: tuple[int, int]
    feedback_confirmed: int
    feedback_lost: Sequence[str]


def sort_failures(
    failures: Iterable[Failure], records: Iterable[Record], kills: Iterable[Kill]
) -> Failures:
    """A kill excuses one failure at most: the one whose record says that it was in there."""
    of_request = {record["request_id"]: record for record in records}
    unspent = {kill.environment_id: kill for kill in kills}
    in_flight: list[Failure] = []
    found_dead: list[Failure] = []
    unexcused: list[Failure] = []
    for failure in failures:
        record = of_request.get(failure.request_id, {})
        kill = unspent.get(record.get("environment_id", ""))
        if kill is None or failure.code != record["outcome"] or not _ended_by(kill, record):
            unexcused.append(failure)
            continue
        del unspent[kill.environment_id]
        (in_flight if _began(record) <= kill.ended else found_dead).append(failure)
    return Failures(tuple(in_flight), tuple(found_dead), tuple(unexcused))


def unexplained(records: Iterable[Record], kills: Iterable[Kill]) -> list[Record]:
    """What went wrong inside without a kill, even if nobody waited for the answer."""
    killed = {kill.environment_id: kill for kill in kills}
    return [
        record
        for record in records
        if record["outcome"] not in _EXPECTED
        and not _ended_by(killed.get(record["environment_id"]), record)
    ]


def problems(accounts: Accounts, limits: Limits) -> list[str]:
    """Sentences on what must not be; none when the service endured."""
    found = [f"{each.kind}: {each.what}" for each in accounts.failures.unexcused]
    found += [
        f"{record['function']}: {record['outcome']}, request {record['request_id']}"
        for record in accounts.unexplained
    ]
    if dead := accounts.failures.found_dead:
        found.append(f"requests sent to environments that had been killed: {len(dead)}")
    if lost := accounts.feedback_lost:
        found.append(f"{len(lost)} confirmed feedback items are not in the table: {lost[:5]}")
    for each in accounts.growth:
        found += _grown(each, limits)
    before, after = accounts.gateway_descriptors
    if after > before + limits.descriptors:
        found.append(f"the gateway had {before} descriptors open, at the end {after}")
    return found


def _grown(growth: Growth, limits: Limits) -> Iterator[str]:
    limit_mb = limits.memory_mb + limits.memory_mb_per_1000 * growth.warm_requests / 1000
    if growth.fitted_mb > limit_mb:
        yield (
            f"{growth.name} grew by {growth.fitted_mb:.0f} MB in {growth.warm_requests} requests,"
            f" limit {limit_mb:.0f}"
        )
    more = growth.last_descriptors - growth.first_descriptors
    # The gateway's are compared when no client is connected.
    if growth.function != GATEWAY and more > limits.descriptors:
        yield f"{growth.name} holds {more} descriptors more, limit {limits.descriptors}"


def _ended_by(kill: Kill | None, record: Record) -> bool:
    return kill is not None and record["outcome"] in _ENDED and record["time"] >= kill.began


def _began(record: Record) -> float:
    """Epoch seconds when an environment got a request, or up to a log's wait earlier."""
    waited_s = _ROUNDING_S if record["init_ms"] is None else _LOG_WAIT_S
    took_ms = (record["duration_ms"] or 0.0) + (record["init_ms"] or 0.0)
    return float(record["time"]) - took_ms / 1000 - waited_s
