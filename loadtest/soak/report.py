"""A soak's outcome as Markdown, for people and the terminal, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from loadtest.soak.accounts import Accounts
from loadtest.soak.clients import Tally
from loadtest.soak.growth import Growth
from loadtest.soak.limits import Limits

_SHOWN = 20
"""Problems in the Markdown; the JSON has all."""


@dataclass(frozen=True)
class Outcome:
    """Everything a soak counted; ``problems`` are sentences, none when the service endured."""

    seconds: float
    tally: Tally
    accounts: Accounts
    limits: Limits
    problems: Sequence[str]


def write_report(outcome: Outcome, folder: Path) -> str:
    """Write ``soak.md`` and ``soak.json``; returns the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    text = as_markdown(outcome)
    (folder / "soak.md").write_text(text, "utf-8")
    (folder / "soak.json").write_text(json.dumps(_as_json(outcome), indent=1) + "\n", "utf-8")
    return text


def as_markdown(outcome: Outcome) -> str:
    """The report as one page."""
    tally, accounts = outcome.tally, outcome.accounts
    failures = accounts.failures
    total = tally.sent.total()
    hostile = sum(tally.sent[kind] for kind in tally.hostile)
    first, last = accounts.gateway_descriptors
    verdict = "endured" if not outcome.problems else f"{len(outcome.problems)} problems"
    rows: list[tuple[str, object]] = [
        ("requests", f"{total}, {hostile} of them hostile; {total / outcome.seconds:.1f}/s"),
        ("environments killed", len(accounts.kills)),
        ("lost in flight in a killed environment", len(failures.in_flight)),
        ("sent to an environment after it was killed", len(failures.found_dead)),
        ("refused (503, Retry-After)", tally.refused.total()),
        ("other failures", len(failures.unexcused)),
        (
            "feedback confirmed, lost",
            f"{accounts.feedback_confirmed}, {len(accounts.feedback_lost)}",
        ),
        ("descriptors of the gateway, before and after", f"{first}, {last}"),
    ]
    parts = [
        f"# Soak of {outcome.seconds:.0f} s: {verdict}",
        *(["\n".join(f"- {each}" for each in outcome.problems[:_SHOWN])] * bool(outcome.problems)),
        _table(("", ""), rows),
        "Memory once warm and at the end, and how far and how fast a line through it rises:",
        _table(
            (
                "environment",
                "requests",
                "MB",
                "MB at the end",
                "fitted MB",
                "per 1000",
                "descriptors",
            ),
            [_growth_row(each) for each in accounts.growth],
        ),
        _table(
            ("requests by kind", "sent", "refused"),
            [(kind, sent, tally.refused[kind]) for kind, sent in sorted(tally.sent.items())],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _growth_row(growth: Growth) -> tuple[object, ...]:
    return (
        growth.name,
        growth.requests,
        f"{growth.first_mb:.0f}",
        f"{growth.last_mb:.0f}",
        f"{growth.fitted_mb:+.1f}",
        f"{growth.mb_per_1000:+.2f}",
        f"{growth.first_descriptors} → {growth.last_descriptors}",
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "seconds": outcome.seconds,
        "requests": dict(outcome.tally.sent),
        "refused": dict(outcome.tally.refused),
        "accounts": asdict(outcome.accounts),
        "limits": asdict(outcome.limits),
        "problems": list(outcome.problems),
    }
