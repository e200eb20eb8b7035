"""Log lines of the functions → what a model's predictions were like."""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

Measures = dict[str, list[float]]


def local_lines(logs: Path, model_version: str, last: int) -> list[str]:
    """Lines with ``model_version`` in them that functions wrote on this machine: the ``last`` of
    each function, one function's after another's.

    Raises:
        OSError: a log cannot be read.
    """
    lines: list[str] = []
    for path in sorted(logs.glob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as file:
            lines += deque((line for line in file if model_version in line), last)
    return lines


def last_predictions(
    lines: Iterable[str], model_version: str, measures: Sequence[str], last: int
) -> Measures:
    """Each of ``measures`` for the ``last`` predictions of that version, or fewer, in their order;
    a line may be of several predictions, or of none."""
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue  # a trace, or one of Lambda's own
        if isinstance(record, dict) and record.get("model_version") == model_version:
            records.append(record)
    records.sort(key=lambda record: record["timestamp"])
    return {
        name: [value for record in records for value in record[name]][-last:] for name in measures
    }
