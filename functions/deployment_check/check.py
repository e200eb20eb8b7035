"""CodeDeploy's question, whether a new version may have traffic, and the answer to it."""

from collections.abc import Callable, Iterable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from deployment_check.replay import Checked

SUCCEEDED, FAILED = "Succeeded", "Failed"


class Log(Protocol):
    """Structured log lines, as Powertools' Logger writes them."""

    def info(self, event: str, /, *, extra: dict[str, Any]) -> None:
        """Note what is as it should be."""

    def error(self, event: str, /, *, extra: dict[str, Any]) -> None:
        """Note what is not."""

    def exception(self, event: str, /) -> None:
        """Note an error nobody foresaw, with its trace."""


def check_deployment(
    checked: Callable[[], Iterable[Checked]],
    report: Callable[[str], None],
    limit_s: float,
    log: Log,
) -> str:
    """Check, and report in any case: CodeDeploy would wait an hour for a report that never comes.

    After ``limit_s`` it is reported as failed, even while a request is still without an answer.
    """
    verdicts: SimpleQueue[str] = SimpleQueue()
    # Beside this thread, as nothing else ends a request that hangs.
    work = Thread(target=lambda: verdicts.put(_verdict(checked, log)), daemon=True)
    work.start()
    work.join(max(limit_s, 0))
    if verdicts.empty():
        log.error("out_of_time", extra={"limit_s": limit_s})
        status = FAILED
    else:
        status = verdicts.get()
    report(status)
    return status


def _verdict(checked: Callable[[], Iterable[Checked]], log: Log) -> str:
    try:
        agreed = [_noted(each, log) for each in checked()]
    except Exception:  # whatever it was, the version has not shown that it works
        log.exception("check_failed")
        return FAILED
    return SUCCEEDED if agreed and all(agreed) else FAILED


def _noted(each: Checked, log: Log) -> bool:
    fields = {"photo": each.name, "expected": each.expected, "came": each.came}
    if each.disagreement is None:
        log.info("agrees", extra=fields)
        return True
    log.error("disagrees", extra=fields | {"disagreement": each.disagreement})
    return False
