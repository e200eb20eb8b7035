"""What the soak makes of what it saw: without a service, a socket or a process."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infra.commands.welcome import find_photo
from infra.local.aws_lambda.report import Report
from loadtest.photos import encode
from loadtest.soak.findings import (
    GATEWAY,
    MB,
    Failures,
    Kill,
    Sample,
    choose_victim,
    comment_of,
    compare_feedback,
    find_problems,
    measure_growth,
    sort_failures,
    unexplained,
)
from loadtest.soak.requests import good_exchanges, hostile_exchanges

KILL = Kill("e1", "ClassifierFunction", start_s=100.0, end_s=100.1)
NONE = Failures([], [], [])


def report(outcome="function_crashed", **changes: Any) -> Report:
    of_kill = {"request_id": "r1", "environment_id": "e1", "time": 100.2, "duration_ms": 150.0}
    of_kill |= {"function": "ClassifierFunction", "memory_mb": 1769, "queued_ms": 0.0}
    return Report(**(of_kill | {"outcome": outcome} | changes))


@pytest.fixture
def failure(client):
    defaults = {"request_id": "r1", "code": "function_crashed", "reason": "502", "status": 502}
    return lambda **changes: client(outcome="failed", **(defaults | changes))


def problems(failures=NONE, strange=(), growths=(), lost=()) -> list[str]:
    return list(find_problems(failures, strange, growths, lost))


def test_a_request_in_flight_in_a_killed_environment_is_excused(failure):
    found = sort_failures([failure()], [report()], [KILL])

    assert found == Failures([failure()], [], [])
    assert problems(found) == []


def test_a_request_sent_after_the_kill_is_told_apart_and_noticed(failure):
    found = sort_failures([failure()], [report(time=100.4, duration_ms=1.0)], [KILL])

    assert found == Failures([], [failure()], [])
    assert problems(found) == ["requests sent to environments that had been killed: 1"]


def test_a_kill_during_init_is_excused(failure):
    late = report("init_failed", time=100.4, duration_ms=0.0, init_ms=200.0)
    failed = failure(code="init_failed")

    assert sort_failures([failed], [late], [KILL]).in_flight == [failed]


@pytest.mark.parametrize(
    ("changes", "reports"),
    [
        ({}, [report(environment_id="another")]),
        ({}, []),
        ({"request_id": "", "code": ""}, [report()]),
        ({"code": "function_timeout"}, [report("function_timeout")]),
        ({"outcome": "timeout", "code": "function_timeout"}, [report("function_timeout")]),
        ({"code": "image_damaged"}, [report("ok")]),
        ({"code": "internal_error"}, [report()]),
        ({}, [report(environment_id=None)]),
        ({}, [report(time=99.9)]),
    ],
    ids=[
        *("not killed", "unrecorded", "no answer", "timeout", "504"),
        *("own answer", "other code", "nowhere", "before"),
    ],
)
def test_any_other_failure_is_not_excused(failure, client, changes, reports):
    failed = client(**{**vars(failure()), **changes})

    found = sort_failures([failed], reports, [KILL])

    assert found == Failures([], [], [failed])
    assert problems(found)


def test_good_and_refused_requests_are_no_failures(client):
    assert sort_failures([client(), client(outcome="refused")], [report()], [KILL]) == NONE


def test_a_kill_excuses_one_failure_only(failure):
    second = failure(request_id="r2")
    reports = [report(), report(request_id="r2", time=100.3)]

    assert sort_failures([failure(), second], reports, [KILL]) == Failures(
        [failure()], [], [second]
    )


def test_a_crash_that_nobody_waited_for_is_noticed():
    crash = report(environment_id="another")
    waiting = report("abandoned", environment_id=None)

    found = unexplained([report("ok"), waiting, crash], [KILL])

    assert found == [crash]
    assert problems(strange=found)


def test_only_a_kill_explains_a_crash():
    before = report(time=99.9)

    assert unexplained([report(), before], [KILL]) == [before]


@pytest.fixture
def confirmed(client):
    return [client(comment=comment_of("run", "note", 1)), client(comment="by hand")]


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (["by hand", None, "soak run note 1"], True),
        (["soak run note 2"], True),  # later, and never confirmed
        (["soak run note 0"], False),
        (["soak run other 1"], False),
        (["soak another note 1"], False),
        (["soak run note 1"] * 2, False),
        ([], False),
    ],
    ids=["there", "later", "earlier", "other note", "other run", "twice", "nothing"],
)
def test_feedback_that_was_confirmed_last_or_later_must_be_there_once(confirmed, stored, kept):
    count, lost = compare_feedback("run", confirmed, stored)

    assert (count, lost) == (1, [] if kept else ["note"])
    assert bool(problems(lost=lost)) is not kept


def test_feedback_that_was_not_confirmed_may_be_lost(client):
    comment = comment_of("run", "note", 0)
    assert compare_feedback("run", [client(comment=comment, outcome="failed")], []) == (0, [])


def samples(mb_per_1000: float, *, descriptors_more: int = 0, name: str = "e1") -> list[Sample]:
    """One a second, an environment that serves 10 requests in it."""
    function = name if name == GATEWAY else "ClassifierFunction"
    return [
        Sample(
            *(float(second), name, function),
            memory_bytes=int((150 + (second % 3) + mb_per_1000 * second / 100) * MB),
            descriptors=20 + descriptors_more * (second > 50),
        )
        for second in range(1, 101)
    ]


REPORTS = [report("ok", time=number / 10) for number in range(1000)]


@pytest.mark.parametrize("name", ["e1", GATEWAY])
def test_growing_memory_is_noticed(name):
    (growth,) = measure_growth(samples(80, name=name), REPORTS)

    assert growth.mb_per_1000 == pytest.approx(80, abs=1)
    (problem,) = problems(growths=[growth])
    assert problem == f"{growth.name} grew by 76 MB in 949 requests, limit 45"


def test_memory_that_wanders_is_no_growth():
    (growth,) = measure_growth(samples(0), REPORTS)

    assert abs(growth.mb_per_1000) < 1
    assert problems(growths=[growth]) == []


def test_what_grows_before_it_is_warm_is_no_growth():
    (growth,) = measure_growth(samples(1000, descriptors_more=9)[:3], REPORTS[:30])

    assert (growth.warm_requests, growth.mb_per_1000) == (0, 0)
    assert problems(growths=[growth]) == []


@pytest.mark.parametrize("name", ["e1", GATEWAY])
@pytest.mark.parametrize(("more", "noticed"), [(8, False), (9, True)])
def test_growing_descriptors_are_noticed(name: str, more: int, noticed):
    growths = measure_growth(samples(0, descriptors_more=more, name=name), REPORTS)

    assert any(f"{more} descriptors more" in each for each in problems(growths=growths)) is noticed


def test_kills_take_turns_and_spare_the_oldest_of_several():
    running = [("a", "F"), ("b", "C"), ("c", "C"), ("d", "F"), ("e", "C")]

    victims = [choose_victim(running, turn) for turn in range(3)]

    assert victims == [("e", "C"), ("d", "F"), ("e", "C")]
    assert choose_victim([], 0) is None


def test_every_request_is_of_a_kind_of_its_own_and_every_refusal_is_asked_for():
    photo = find_photo(None, {})
    assert isinstance(photo, Path)
    image = Image.open(photo).convert("RGB")
    jpeg = encode(image, "JPEG")

    good, hostile = list(good_exchanges(jpeg, image)), list(hostile_exchanges(jpeg))

    kinds = [exchange.name for exchange in good + hostile]
    assert len(set(kinds)) == len(kinds)
    due = {exchange.check.keywords["status"] for exchange in hostile}
    assert due >= {400, 403, 404, 405, 413, 415, 422}
