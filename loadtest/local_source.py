"""The server's side from the local cloud: the gateway's ``logs/requests.jsonl``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from loadtest.joined import ServerRecord

_SAME = {each.name for each in fields(ServerRecord)} - {"end_s"}


@dataclass(frozen=True)
class LocalRecords:
    """Records in the data folder of ``python -m infra.commands.run``."""

    data: Path

    def read(self, start_s: float, end_s: float) -> Iterator[ServerRecord]:
        """Records of requests that ended between two times (epoch seconds)."""
        lines = (self.data / "logs" / "requests.jsonl").read_text("utf-8").splitlines()
        for report in map(json.loads, lines):
            if start_s <= report["time"] <= end_s:
                same = {name: value for name, value in report.items() if name in _SAME}
                yield ServerRecord(end_s=report["time"], **same)

    def spilled_over(self, start_s: float, end_s: float) -> int:
        """Invocations beyond provisioned concurrency in that time."""
        return sum(bool(each.spilled_over) for each in self.read(start_s, end_s))
