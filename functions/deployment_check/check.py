"""CodeDeploy's question, whether a new version may have traffic, and the answer to it."""

from collections.abc import Callable, Iterable
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
    remaining_s: Callable[[], float],
    log: Log,
) -> str:
    """Check, and report in any case: CodeDeploy would wait an hour for a report that never comes.

    ``remaining_s`` is the time that this invocation has left; the last seconds are the report's.
    """
    status = FAILED
    try:
        status = _verdict(checked(), remaining_s, log)
    except Exception:  # whatever it was, the version has not shown that it works
        log.exception("check_failed")
    report(status)
    return status


REPORT_S = 20.0
"""One more answer may take as long as the classifier's timeout before the report."""


def _verdict(checks: Iterable[Checked], remaining_s: Callable[[], float], log: Log) -> str:
    disagreements = count = 0
    for each in checks:
        count += 1
        if each.disagreement is None:
            log.info("agrees", extra={"photo": each.name})
        else:
            disagreements += 1
            log.error("disagrees", extra={"photo": each.name, "said": each.disagreement})
        if remaining_s() < REPORT_S:
            log.error("out_of_time", extra={"checked": count})
            return FAILED
    return SUCCEEDED if count and not disagreements else FAILED
