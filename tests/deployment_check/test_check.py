"""What CodeDeploy is told, whatever happens."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from deployment_check.check import check_deployment
from deployment_check.replay import Checked

GOOD = Checked("cat.png", "tabby 0.700", "tabby 0.690", None)
BAD = Checked("dog.png", "beagle 0.900", "boxer 0.800", "another class")


class Lines:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, *, extra: dict[str, Any]) -> None:
        self.events.append(f"{event} {extra}")

    error = info

    def exception(self, event: str) -> None:
        self.events.append(event)


def told(checks: Any, limit_s: float = 100) -> tuple[list[str], list[str]]:
    """What is reported, and what is logged."""
    reports: list[str] = []
    log = Lines()
    check_deployment(checks, reports.append, limit_s, log)
    return reports, log.events


def test_all_in_order_succeeds():
    reports, events = told(lambda: [GOOD, GOOD])

    assert reports == ["Succeeded"]
    assert len(events) == 2
    assert all("tabby 0.700" in event and "tabby 0.690" in event for event in events)


def test_one_disagreement_fails_and_is_logged():
    reports, events = told(lambda: [GOOD, BAD, GOOD])

    assert reports == ["Failed"]
    assert "another class" in events[1]


def test_nothing_checked_fails():
    assert told(list)[0] == ["Failed"]


def test_an_error_nobody_foresaw_is_reported_too():
    def checks() -> Iterator[Checked]:
        yield GOOD
        raise OSError("no golden photos")

    reports, events = told(checks)
    assert reports == ["Failed"]
    assert "check_failed" in events


def test_reports_while_a_request_still_hangs():
    ended = Event()

    def checks() -> Iterator[Checked]:
        yield GOOD
        ended.wait()

    reports, events = told(checks, limit_s=0.2)
    ended.set()

    assert reports == ["Failed"]
    assert any("out_of_time" in event for event in events)


def test_no_time_at_all_is_reported_too():
    ended = Event()

    reports, _ = told(lambda: ended.wait() and [GOOD], limit_s=-5)
    ended.set()

    assert reports == ["Failed"]


def test_a_report_that_cannot_be_sent_is_not_hidden():
    def report(_: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        check_deployment(lambda: [GOOD], report, 100, Lines())
