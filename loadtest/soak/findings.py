"""What a soak has seen and what of it must not be: which failures a kill excuses, how memory and
descriptors grow, which feedback is lost."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import linear_regression
from typing import NamedTuple

from infra.local.aws_lambda.report import Report
from loadtest.records import Request

GATEWAY = "gateway"
_ENDED = frozenset({"function_crashed", "init_failed"})  # serving a request, or still initialising
_EXPECTED = frozenset({"ok", "initialized", "abandoned", "too_many_requests"})
_REFUSED = ("refused", "too_many_requests")  # with the gateway's own code
_LOG_WAIT_S = 0.25  # after a cold start the gateway waits 0.2 s for a log, then stamps a report
_ROUNDING_S = 0.01
# An environment's memory follows the sizes of its last images. In three minutes single samples
# moved by 30 MB, and lines through 500 to 4400 requests by -11 to +5 MB. One leaked photo of
# 640 x 480 in every tenth request passes both limits.
_MAX_MB, _MAX_MB_PER_1000 = 40.0, 5.0
_WARM_UP_REQUESTS = 100  # until it has seen most kinds
# Connections to the stand-in come and go; a leak of one per request soon passes it.
_MAX_DESCRIPTORS = 8


class Kill(NamedTuple):
    """An environment that was killed; epoch seconds just before and just after."""

    environment_id: str
    function: str
    start_s: float
    end_s: float


class Sample(NamedTuple):
    """An environment's processes, or the gateway without clients and environments, at one time."""

    time_s: float
    environment_id: str
    function: str
    memory_mb: float
    descriptors: int


class Growth(NamedTuple):
    """An environment after ``requests``, from its ``first`` warm sample to its ``last``: a line
    through its memory in between rises by ``mb_per_1000`` requests, ``fitted_mb`` in all."""

    name: str
    requests: int
    warm_requests: int
    first: Sample
    last: Sample
    mb_per_1000: float
    fitted_mb: float


class Failures(NamedTuple):
    """Those in flight in an environment as it was killed, those sent there after, and the rest."""

    in_flight: list[Request]
    sent_to_dead: list[Request]
    unexcused: list[Request]


def choose_victim(running: Sequence[tuple[str, str]], turn: int) -> tuple[str, str] | None:
    """Of environments by id and function: one function's after the other's, and the last of
    several. The oldest come first, as they show whether they grow, and of those at work last."""
    last = {function: (name, function) for name, function in running}
    return last[sorted(last, reverse=True)[turn % len(last)]] if last else None


def sort_failures(requests: Iterable[Request], kills: Iterable[Kill]) -> Failures:
    """A kill excuses one failure at most: the one whose report says that it was in there."""
    unused = {kill.environment_id: kill for kill in kills}
    failures = Failures([], [], [])
    for request in requests:
        report = request.server
        if request.outcome == "ok" or (request.outcome, request.code) == _REFUSED:
            continue
        if report is None or request.code != report.outcome or not _is_killed(report, unused):
            failures.unexcused.append(request)
            continue
        # When the environment got it, or up to a log's wait earlier.
        took_s = ((report.duration_ms or 0.0) + (report.init_ms or 0.0)) / 1000
        start_s = report.time - took_s - (_ROUNDING_S if report.init_ms is None else _LOG_WAIT_S)
        in_time = start_s <= unused.pop(report.environment_id or "").end_s
        (failures.in_flight if in_time else failures.sent_to_dead).append(request)
    return failures


def unexplained(reports: Iterable[Report], kills: Iterable[Kill]) -> list[Report]:
    """What went wrong inside without a kill, even if nobody waited for the answer."""
    killed = {kill.environment_id: kill for kill in kills}
    wrong = (report for report in reports if report.outcome not in _EXPECTED)
    return [report for report in wrong if not _is_killed(report, killed)]


def _is_killed(report: Report, kills: dict[str, Kill]) -> bool:
    kill = kills.get(report.environment_id or "")
    return kill is not None and report.outcome in _ENDED and report.time >= kill.start_s


def compare_feedback(
    requests: Iterable[Request], comments: Iterable[str | None]
) -> tuple[int, list[str]]:
    """How many predictions got feedback that the service confirmed; and those whose last confirmed
    comment, or a later one, is not stored exactly once. Comments: ``soak`` note number."""
    stored = list(notes(comments, "soak"))
    confirmed = dict(notes((request.comment for request in requests), "soak"))
    count, last = Counter(note for note, _ in stored), dict(stored)
    kept = (note for note in confirmed if count[note] == 1 and last[note] >= confirmed[note])
    return len(confirmed), sorted(confirmed.keys() - kept)


def notes(comments: Iterable[str | None], word: str) -> Iterator[tuple[str, str]]:
    """Key and value of those that are ``word``, key and value."""
    for comment in comments:
        match (comment or "").split():
            case [first, key, value] if first == word:
                yield key, value


def measure_growth(samples: Sequence[Sample], reports: Sequence[Report]) -> Iterator[Growth]:
    """Each environment's growth over the requests it had ended; the gateway's over all."""
    for name in dict.fromkeys(sample.environment_id for sample in samples):
        ends = sorted(each.time for each in reports if name in (GATEWAY, each.environment_id))
        of_name = (sample for sample in samples if sample.environment_id == name)
        points = [(bisect_right(ends, sample.time_s), sample) for sample in of_name]
        # Without a warm sample there is nothing to compare: the last stands for the first too.
        warm = [point for point in points if point[0] >= _WARM_UP_REQUESTS] or points[-1:]
        (before, first), (after, last) = warm[0], warm[-1]
        x, y = zip(*((requests, sample.memory_mb) for requests, sample in warm), strict=True)
        slope = linear_regression(x, y).slope if after > before else 0.0
        title, more = name if name == GATEWAY else f"{last.function} {name[:6]}", after - before
        yield Growth(title, after, more, first, last, slope * 1000, slope * more)


def find_problems(
    failures: Failures, strange: Iterable[Report], growths: Iterable[Growth], lost: Sequence[str]
) -> Iterator[str]:
    """Sentences on what must not be; none when the service endured."""
    yield from (f"{request.name}: {request.reason}" for request in failures.unexcused)
    for report in strange:
        yield f"{report.function}: {report.outcome}, request {report.request_id}"
    if count := len(failures.sent_to_dead):
        yield f"requests sent to environments that had been killed: {count}"
    if lost:
        yield f"{len(lost)} confirmed feedback items are not in the table: {lost[:5]}"
    for growth in growths:
        limit_mb = _MAX_MB + _MAX_MB_PER_1000 * growth.warm_requests / 1000
        if growth.fitted_mb > limit_mb:
            grown = f"{growth.fitted_mb:.0f} MB in {growth.warm_requests} requests"
            yield f"{growth.name} grew by {grown}, limit {limit_mb:.0f}"
        more = growth.last.descriptors - growth.first.descriptors
        if more > _MAX_DESCRIPTORS:
            yield f"{growth.name} holds {more} descriptors more, limit {_MAX_DESCRIPTORS}"
