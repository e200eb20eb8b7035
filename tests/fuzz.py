"""Property tests with ever new inputs: ``pytest -p tests.fuzz --fuzz 10m -m hypothesis``.

`make test` draws the same inputs every time, so that it says the same twice. Here they are drawn at
random, round after round. What is found is printed as an ``@example`` to be put above its test.
"""

import time
from collections.abc import Iterator
from itertools import count, cycle, pairwise

import pytest

_UNITS = {"s": 1, "m": 60, "h": 3600}


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "how long to go on, such as 90s or 10m; the test that runs then is the last"
    parser.addoption("--fuzz", type=_seconds, default=None, help=text)


def _seconds(text: str) -> float:
    return float(text[:-1]) * _UNITS[text[-1]]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Round after round until time is up or, with ``-x``, until something is found."""
    duration_s = session.config.getoption("--fuzz")
    if duration_s is None or not session.items:
        return None
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    ends_s = time.monotonic() + duration_s
    rounds = count(1)
    for item, following in pairwise(cycle(session.items)):
        left_s = ends_s - time.monotonic()
        if left_s <= 0:
            break
        if item is session.items[0]:
            terminal.write_line(f"\nround {next(rounds)}, {left_s:.0f} s left")
        # What comes next keeps what they share; a test that comes next itself would keep its own.
        nextitem = None if following is item else following
        item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]):
    report = yield
    if call.excinfo and (examples := "\n".join(_examples(item, call.excinfo.value))):
        report.sections.append((f"To be put above {item.originalname}", examples))
    return report


def _examples(item: pytest.Function, error: BaseException) -> Iterator[str]:
    """Each failing call, of which Hypothesis leaves a note, without the fixtures' values."""
    errors = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    for note in (note for error in errors for note in getattr(error, "__notes__", ())):
        _, called, arguments = note.partition(f"{item.originalname}(\n")
        if called:
            lines = arguments.splitlines()
            fixtures = tuple(f"    {name}=" for name in item.fixturenames)
            yield "\n".join(["@example(", *(x for x in lines if not x.startswith(fixtures))])
