"""What the soak makes of what it saw: without a service, a socket or a process."""

import pytest

from loadtest.photos import generated_photos
from loadtest.soak.findings import (
    GATEWAY,
    Failures,
    Kill,
    Sample,
    choose_victim,
    compare_feedback,
    find_problems,
    measure_growth,
    sort_failures,
    unexplained,
)
from loadtest.soak.requests import good_exchanges, hostile_exchanges

KILL = Kill("e", "ClassifierFunction", start_s=100.0, end_s=100.1)
NONE = Failures([], [], [])


@pytest.fixture
def crash(server):
    """The server's record of a request in an environment that was killed, with changes."""
    crashed = {"outcome": "function_crashed", "time": 100.2, "duration_ms": 150.0}
    return lambda **changes: server(**(crashed | changes))


@pytest.fixture
def failure(client, crash):
    """A request that failed in there, with changes."""
    failed = {"outcome": "failed", "code": "function_crashed", "reason": "502", "server": crash()}
    return lambda **changes: client(**(failed | changes))


def problems(failures=NONE, strange=(), growths=(), lost=()) -> list[str]:
    return list(find_problems(failures, strange, growths, lost))


def test_a_request_in_flight_in_a_killed_environment_is_excused(failure):
    failures = sort_failures([failure()], [KILL])

    assert failures == Failures([failure()], [], [])
    assert problems(failures) == []


def test_a_request_sent_after_the_kill_is_a_problem_of_its_own(failure, crash):
    late = failure(server=crash(time=100.4, duration_ms=1.0))

    failures = sort_failures([late], [KILL])

    assert failures == Failures([], [late], [])
    assert problems(failures) == ["requests sent to environments that had been killed: 1"]


def test_a_kill_during_init_is_excused(failure, crash):
    late = crash(outcome="init_failed", time=100.4, duration_ms=0.0, init_ms=200.0)
    failed = failure(code="init_failed", server=late)

    assert sort_failures([failed], [KILL]).in_flight == [failed]


@pytest.mark.parametrize(
    ("changes", "of_record"),
    [
        ({}, {"environment_id": "another"}),
        ({"server": None}, {}),  # unrecorded
        ({"code": "function_timeout"}, {"outcome": "function_timeout"}),
        ({"outcome": "timeout", "code": "function_timeout"}, {"outcome": "function_timeout"}),
        ({"outcome": "refused", "code": "throttled", "server": None}, {}),
        ({"code": "image_damaged"}, {"outcome": "ok"}),  # an answer of the function's own
        ({"code": "internal_error"}, {}),
        ({}, {"environment_id": None}),
        ({}, {"time": 99.9}),  # before the kill
    ],
)
def test_any_other_failure_is_not_excused(failure, crash, changes, of_record):
    failed = failure(**({"server": crash(**of_record)} | changes))

    failures = sort_failures([failed], [KILL])

    assert failures == Failures([], [], [failed])
    assert problems(failures)


def test_good_and_refused_requests_are_no_failures(client, crash):
    refused = client(outcome="refused", code="too_many_requests", server=crash())
    assert sort_failures([client(server=crash()), refused], [KILL]) == NONE


def test_a_kill_excuses_one_failure_only(failure, crash):
    second = failure(server=crash(time=100.3))

    assert sort_failures([failure(), second], [KILL]) == Failures([failure()], [], [second])


def test_only_a_kill_explains_a_crash_even_if_nobody_waited_for_the_answer(crash, server):
    elsewhere, before = crash(environment_id="another"), crash(time=99.9)
    waiting = server(outcome="abandoned", environment_id=None)

    strange = unexplained([server(), waiting, crash(), elsewhere, before], [KILL])

    assert strange == [elsewhere, before]
    assert len(problems(strange=strange)) == 2


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (["by hand", None, "soak note 1"], True),
        (["soak note 2"], True),  # later, and never confirmed
        (["soak note 0"], False),
        (["soak another 1"], False),
        (["soak note 1"] * 2, False),
        ([], False),
    ],
)
def test_feedback_that_was_confirmed_last_or_later_must_be_there_once(client, stored, kept):
    confirmed = [client(comment="soak note 1"), client(comment="by hand"), client()]

    count, lost = compare_feedback(confirmed, stored)

    assert (count, lost) == (1, [] if kept else ["note"])
    assert bool(problems(lost=lost)) is not kept


def samples(mb_per_1000: float, *, descriptors_more: int = 0, name: str = "e") -> list[Sample]:
    """One a second, an environment that serves 10 requests in it."""
    return [
        Sample(
            *(float(second), name, "ClassifierFunction"),
            memory_mb=150 + (second % 3) + mb_per_1000 * second / 100,
            descriptors=20 + descriptors_more * (second > 50),
        )
        for second in range(1, 101)
    ]


@pytest.fixture
def records(server):
    return [server(time=number / 10) for number in range(1000)]


@pytest.mark.parametrize("name", ["e", GATEWAY])
@pytest.mark.parametrize(
    ("mb_per_1000", "descriptors_more", "problem"),
    [
        (0, 8, ""),
        (0, 9, "holds 9 descriptors more, limit 8"),
        (80, 0, "grew by 72 MB in 899 requests, limit 44"),
    ],
)
def test_growth_is_noticed_and_what_wanders_is_none(
    name, mb_per_1000, descriptors_more, problem, records
):
    observed = samples(mb_per_1000, descriptors_more=descriptors_more, name=name)

    (growth,) = measure_growth(observed, records)

    assert growth.mb_per_1000 == pytest.approx(mb_per_1000, abs=1)
    assert problems(growths=[growth]) == ([f"{growth.name} {problem}"] if problem else [])


def test_what_grows_before_it_is_warm_is_no_growth(records):
    (growth,) = measure_growth(samples(1000, descriptors_more=9)[:3], records[:30])

    assert (growth.warm_requests, growth.mb_per_1000) == (0, 0)
    assert problems(growths=[growth]) == []


def test_kills_take_turns_and_spare_the_oldest_of_several():
    running = [("a", "F"), ("b", "C"), ("c", "C"), ("d", "F"), ("e", "C")]

    victims = [choose_victim(running, turn) for turn in range(3)]

    assert victims == [("d", "F"), ("e", "C"), ("d", "F")]
    assert choose_victim([], 0) is None


def test_every_request_is_of_a_kind_of_its_own_and_every_refusal_is_asked_for():
    photo = generated_photos()[0]
    good, hostile = set(good_exchanges(photo)), hostile_exchanges(photo)

    kinds = [exchange.name for exchange in (*good, *hostile)]
    assert len(set(kinds)) == len(kinds)
    due = {exchange.check.keywords["status"] for exchange in hostile}
    assert due >= {400, 403, 404, 405, 413, 415, 422}
