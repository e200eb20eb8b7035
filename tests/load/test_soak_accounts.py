"""What the soak makes of what it saw: without a service, a socket or a process."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from infra.commands.welcome import find_photo
from loadtest.soak.__main__ import duration_s
from loadtest.soak.accounts import (
    Accounts,
    Failure,
    Failures,
    Kill,
    problems,
    sort_failures,
    unexplained,
)
from loadtest.soak.answers import Answer, wrong
from loadtest.soak.growth import GATEWAY, MB, Sample, growths
from loadtest.soak.ledger import Ledger
from loadtest.soak.limits import Limits
from loadtest.soak.requests import Exchange, good_exchanges, hostile_exchanges
from loadtest.soak.service import Environment, next_victim

LIMITS = Limits()
KILL = Kill("e1", "ClassifierFunction", began=100.0, ended=100.1)
FINE = Accounts((), Failures((), (), ()), (), (), (20, 20), 1, ())


def record(
    outcome="function_crashed",
    *,
    request_id="r1",
    environment_id="e1",
    time=100.2,
    took_ms=150.0,
    init_ms=None,
):
    return {
        "request_id": request_id,
        "function": "ClassifierFunction",
        "outcome": outcome,
        "environment_id": environment_id,
        "time": time,
        "duration_ms": took_ms,
        "init_ms": init_ms,
    }


def failure(request_id="r1", code="function_crashed"):
    return Failure("predict jpeg", request_id, code, "502")


def test_a_request_in_flight_in_a_killed_environment_is_excused():
    found = sort_failures([failure()], [record()], [KILL])

    assert found == Failures((failure(),), (), ())


def test_a_request_sent_after_the_kill_is_told_apart():
    found = sort_failures([failure()], [record(time=100.4, took_ms=1.0)], [KILL])

    assert found == Failures((), (failure(),), ())


def test_a_kill_during_init_is_excused():
    late = record("init_failed", time=100.4, took_ms=0.0, init_ms=200.0)

    found = sort_failures([failure(code="init_failed")], [late], [KILL])

    assert found.in_flight == (failure(code="init_failed"),)


@pytest.mark.parametrize(
    ("failed", "records"),
    [
        (failure(), [record(environment_id="another")]),
        (failure(), []),
        (failure(request_id=None, code=None), [record()]),
        (failure(code="function_timeout"), [record("function_timeout")]),
        (failure(code="image_damaged"), [record("ok")]),
        (failure(code="internal_error"), [record()]),
        (failure(), [record(environment_id=None)]),
        (failure(), [record(time=99.9)]),
    ],
    ids=[
        "not killed",
        "unrecorded",
        "no answer",
        "timeout",
        "own answer",
        "other code",
        "nowhere",
        "before",
    ],
)
def test_any_other_failure_is_not_excused(failed, records):
    found = sort_failures([failed], records, [KILL])

    assert found == Failures((), (), (failed,))
    assert problems(replace(FINE, failures=found, kills=[KILL]), LIMITS)


def test_a_kill_excuses_one_failure_only():
    second = failure(request_id="r2")

    found = sort_failures(
        [failure(), second], [record(), record(request_id="r2", time=100.3)], [KILL]
    )

    assert found == Failures((failure(),), (), (second,))


def test_a_crash_that_nobody_waited_for_is_noticed():
    crash = record(environment_id="another")

    found = unexplained([record("ok"), record("abandoned", environment_id=None), crash], [KILL])

    assert found == [crash]
    assert problems(replace(FINE, unexplained=found), LIMITS)


def test_only_a_kill_explains_a_crash():
    before = record(time=99.9)

    assert unexplained([record(), before], [KILL]) == [before]


def test_a_request_to_the_dead_is_noticed():
    accounts = replace(FINE, kills=[KILL], failures=Failures((), (failure(),), ()))

    assert problems(accounts, LIMITS) == ["requests sent to environments that had been killed: 1"]


def ledger() -> tuple[Ledger, str]:
    kept = Ledger()
    note = kept.new_note()
    kept.confirm(note, 0)
    return kept, note


def test_confirmed_feedback_that_is_there_is_not_lost():
    kept, note = ledger()

    assert kept.lost(["by hand", None, kept.comment(note, 0)]) == []


@pytest.mark.parametrize("other", ["other note", "other run", "twice", "nothing"])
def test_lost_feedback_is_noticed(other):
    kept, note = ledger()
    stored = {
        "other note": [kept.comment("999", 0)],
        "other run": [Ledger(run="00000000").comment(note, 0)],
        "twice": [kept.comment(note, 0)] * 2,
        "nothing": [],
    }

    lost = kept.lost(stored[other])

    assert lost == [note]
    assert problems(replace(FINE, feedback_lost=lost), LIMITS)


def test_a_later_answer_that_was_never_confirmed_may_stand():
    kept, note = ledger()

    assert kept.lost([kept.comment(note, 1)]) == []


def test_an_earlier_answer_that_stands_again_is_a_loss():
    kept, note = ledger()
    kept.confirm(note, 1)

    assert kept.lost([kept.comment(note, 0)]) == [note]


def samples(mb_per_1000: float, *, descriptors_more: int = 0, name: str = "e1"):
    """One a second, an environment that serves 10 requests in it."""
    return [
        Sample(
            float(second),
            name,
            name if name == GATEWAY else "ClassifierFunction",
            int((150 + (second % 3) + mb_per_1000 * second / 100) * MB),
            20 + descriptors_more * (second > 50),
        )
        for second in range(1, 101)
    ]


RECORDS = [record("ok", time=number / 10) for number in range(1000)]


@pytest.mark.parametrize("name", ["e1", GATEWAY])
def test_growing_memory_is_noticed(name):
    (growth,) = growths(samples(80, name=name), RECORDS, LIMITS)

    assert growth.mb_per_1000 == pytest.approx(80, abs=1)
    (problem,) = problems(replace(FINE, growth=[growth]), LIMITS)
    assert problem == f"{growth.name} grew by 76 MB in 949 requests, limit 45"


def test_memory_that_wanders_is_no_growth():
    (growth,) = growths(samples(0), RECORDS, LIMITS)

    assert abs(growth.mb_per_1000) < 1
    assert problems(replace(FINE, growth=[growth]), LIMITS) == []


def test_what_grows_before_it_is_warm_is_no_growth():
    (growth,) = growths(samples(1000, descriptors_more=9)[:3], RECORDS[:30], LIMITS)

    assert (growth.warm_requests, growth.mb_per_1000) == (0, 0)
    assert problems(replace(FINE, growth=[growth]), LIMITS) == []


def test_growing_descriptors_are_noticed():
    (growth,) = growths(samples(0, descriptors_more=9), RECORDS, LIMITS)

    (problem,) = problems(replace(FINE, growth=[growth]), LIMITS)
    assert "9 descriptors more" in problem


def test_a_gateway_that_keeps_descriptors_is_noticed():
    assert problems(replace(FINE, gateway_descriptors=(20, 28)), LIMITS) == []
    assert problems(replace(FINE, gateway_descriptors=(20, 29)), LIMITS)


DUE = Exchange("predict jpeg", "POST", "/v1/predict", (200, ""))
FIVE = [{"score": score} for score in (0.5, 0.2, 0.1, 0.1, 0.05)]
PREDICTED = {"prediction_id": "x", "predictions": FIVE}
BY_E = {"x-environment-id": "e"}


def test_a_good_answer_is_the_one_due():
    assert wrong(DUE, Answer(200, BY_E, PREDICTED)) == ""


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, PREDICTED),
        Answer(201, BY_E, PREDICTED),
        Answer(200, BY_E, PREDICTED | {"prediction_id": ""}),
        Answer(200, BY_E, PREDICTED | {"predictions": FIVE[1:]}),
        Answer(200, BY_E, PREDICTED | {"predictions": FIVE[::-1]}),
        Answer(200, BY_E, b"<html>"),
        Answer(502, {}, {"code": "function_crashed"}),
    ],
    ids=["nobody's", "status", "no receipt", "four", "unsorted", "no JSON", "problem"],
)
def test_another_answer_is_wrong(answer: Answer):
    assert wrong(DUE, answer)


def test_a_hostile_request_must_get_its_own_code():
    due = Exchange("bomb", "POST", "/v1/predict", (413, "too_many_pixels"), hostile=True)

    assert wrong(due, Answer(413, {}, {"code": "too_many_pixels"})) == ""
    assert wrong(due, Answer(413, {}, {"code": "image_too_large"}))
    assert wrong(due, Answer(200, BY_E, PREDICTED))


def test_kills_take_turns_and_spare_the_oldest_of_several():
    running = [Environment(name, function, ()) for name, function in ("aF", "bC", "cC", "dF", "eC")]

    assert [next_victim(running, turn).id for turn in range(3)] == ["e", "d", "e"]
    assert next_victim([], 0) is None


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("20s", 20), ("10m", 600), ("1h", 3600)])
def test_reads_durations(text: str, seconds: float):
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10 minutes", "-5s"])
def test_refuses_what_is_no_duration(text: str):
    with pytest.raises(argparse.ArgumentTypeError):
        duration_s(text)


@pytest.fixture(scope="module")
def photo() -> Path:
    found = find_photo(None, {})
    assert found is not None
    return found


def test_every_request_is_of_a_kind_of_its_own(photo: Path):
    good, hostile = list(good_exchanges(photo)), list(hostile_exchanges(photo))

    kinds = [each.kind for each in good + hostile]
    assert len(set(kinds)) == len(kinds)
    assert {each.hostile for each in good} == {False}
    assert {each.hostile for each in hostile} == {True}
    assert {each.due[0] for each in hostile} >= {400, 403, 404, 405, 413, 415, 422}
