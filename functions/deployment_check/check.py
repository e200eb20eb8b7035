"""CodeDeploy's question, whether a new version may have traffic, and the answer to it."""

from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from deployment_check.request import Comparison

SUCCEEDED, FAILED = "Succeeded", "Failed"

Disagreements = list[str]
"""What is wrong, a sentence each; empty where everything is right."""


class Log(Protocol):
    """Structured log lines, as Powertools' Logger writes them."""

    def info(self, event: str, /, *, extra: dict[str, Any]) -> None:
        """Note what is as it should be."""

    def error(self, event: str, /, *, extra: dict[str, Any]) -> None:
        """Note what is not."""

    def exception(self, event: str, /) -> None:
        """Note an unexpected error, with its trace."""


def disagreements(
    comparisons: Callable[[], Iterable[Comparison]], limit_s: float, log: Log
) -> Disagreements:
    """Check, and say what is wrong; after ``limit_s`` that is reported, even while a request is
    still without an answer.
    """
    results: SimpleQueue[Disagreements] = SimpleQueue()
    # In a thread of its own: this one stops waiting for a request that hangs.
    work = Thread(target=lambda: results.put(list(_check(comparisons, log))), daemon=True)
    work.start()
    work.join(max(limit_s, 0))
    if results.empty():
        log.error("out_of_time", extra={"limit_s": limit_s})
        return [f"not finished after {limit_s:.0f} s"]
    return results.get()


def _check(comparisons: Callable[[], Iterable[Comparison]], log: Log) -> Iterator[str]:
    count = 0
    try:
        for comparison in comparisons():
            count += 1
            fields = {
                "request": comparison.name,
                "expected": comparison.expected,
                "actual": comparison.actual,
            }
            if comparison.disagreement is None:
                log.info("agrees", extra=fields)
            else:
                log.error("disagrees", extra=fields | {"disagreement": comparison.disagreement})
                yield f"{comparison.name}: {comparison.disagreement}"
    except Exception as exc:  # whatever it was, the version has not shown that it works
        log.exception("check_failed")
        yield f"the check failed: {type(exc).__name__}"
    if not count:
        yield "nothing was checked"
