"""What is found to be wrong with a version, whatever happens."""

from collections.abc import Iterator
from threading import Event
from typing import Any

from deployment_check.check import disagreements
from deployment_check.request import Comparison
from tests.deployment_check.conftest import Lines

GOOD = Comparison("cat.png", "tabby 0.700", "tabby 0.690", None)
BAD = Comparison("dog.png", "beagle 0.900", "boxer 0.800", "another class")


def check(checks: Any, limit_s: float = 100) -> tuple[list[str], list[str]]:
    """What is wrong, and what is logged."""
    log = Lines()
    return disagreements(checks, limit_s, log), log.events


def test_nothing_is_wrong_where_all_agree():
    wrong, events = check(lambda: [GOOD, GOOD])

    assert wrong == []
    assert len(events) == 2
    assert all("tabby 0.700" in event and "tabby 0.690" in event for event in events)


def test_one_disagreement_is_named_and_logged():
    wrong, events = check(lambda: [GOOD, BAD, GOOD])

    assert wrong == ["dog.png: another class"]
    assert "another class" in events[1]


def test_nothing_checked_is_wrong():
    assert check(list)[0] == ["nothing was checked"]


def test_an_unexpected_error_is_wrong_too():
    def checks() -> Iterator[Comparison]:
        yield GOOD
        raise OSError("no golden photos")

    wrong, events = check(checks)
    assert wrong == ["the check failed: OSError"]
    assert "check_failed" in events


def test_ends_while_a_request_still_hangs():
    ended = Event()

    def checks() -> Iterator[Comparison]:
        yield GOOD
        ended.wait()

    wrong, events = check(checks, limit_s=0.2)
    ended.set()

    assert wrong == ["not finished after 0 s"]
    assert any("out_of_time" in event for event in events)


def test_no_time_at_all_is_wrong_too():
    ended = Event()

    def checks() -> list[Comparison]:
        ended.wait()
        return [GOOD]

    wrong, _ = check(checks, limit_s=-5)
    ended.set()

    assert len(wrong) == 1
