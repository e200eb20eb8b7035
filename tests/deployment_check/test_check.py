"""What CodeDeploy is told, whatever happens."""

from collections.abc import Iterator
from typing import Any

import pytest

from deployment_check.check import check_deployment
from deployment_check.replay import Checked

GOOD, BAD = Checked("cat.png", None), Checked("dog.png", "another class")


class Lines:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, *, extra: dict[str, Any]) -> None:
        self.events.append(f"{event} {extra}")

    error = info

    def exception(self, event: str) -> None:
        self.events.append(event)


def told(checks: Any, remaining_s: float = 100) -> tuple[list[str], list[str]]:
    """What is reported, and what is logged."""
    reports: list[str] = []
    log = Lines()
    check_deployment(checks, reports.append, lambda: remaining_s, log)
    return reports, log.events


def test_all_in_order_succeeds():
    reports, events = told(lambda: [GOOD, GOOD])

    assert reports == ["Succeeded"]
    assert len(events) == 2


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


def test_reports_while_there_is_time():
    reports, events = told(lambda: [GOOD, GOOD], remaining_s=10)

    assert reports == ["Failed"]
    assert "out_of_time" in events[-1]


def test_a_report_that_cannot_be_sent_is_not_hidden():
    def report(_: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        check_deployment(lambda: [GOOD], report, lambda: 100, Lines())
