"""``python -m infra.commands.feedback_export``: the command behind ``make feedback-export``.

With a table's name it exports from AWS; without one, what ``make run`` keeps on this machine,
whether that runs at the moment or not.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from infra.commands.model import CODE_FOLDER
from infra.local.aws.errors import StandInFailed
from infra.local.aws.stand_in import client_variables, local_aws, running_aws
from infra.local.machine.guardian import Guardian
from infra.local.sam.intrinsics import TemplateError
from infra.local.sam.stateful import read_stateful

FEEDBACK_TABLE = "FeedbackTable"
"""The template's name for the table that keeps the feedback."""


def main(argv: Sequence[str] | None = None) -> int:
    """Export; the exit status is the export's own."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.commands.feedback_export", description=__doc__
    )
    parser.add_argument("--data", type=Path, default=Path(".local"))
    parser.add_argument("--template", type=Path, default=Path("template.yaml"))
    parser.add_argument("--output", required=True)
    parser.add_argument("--format", default="csv")
    parser.add_argument("--table", help="the stack's output FeedbackTableName")
    arguments = parser.parse_args(argv)
    try:
        return asyncio.run(_export(arguments))
    except (StandInFailed, TemplateError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


async def _export(arguments: argparse.Namespace) -> int:
    options = ["--output", arguments.output, "--format", arguments.format]
    if arguments.table:
        return await _run_export([*options, "--table", arguments.table], {})
    template = read_stateful(arguments.template, {}, invoke_api="")
    if FEEDBACK_TABLE not in template["Resources"]:
        raise TemplateError(f"{arguments.template} has no table {FEEDBACK_TABLE}.")
    async with _endpoint(arguments.data / "aws", template) as url:
        return await _run_export(
            [*options, "--table", FEEDBACK_TABLE, "--endpoint", url], client_variables(url)
        )


@asynccontextmanager
async def _endpoint(folder: Path, template: dict[str, object]) -> AsyncIterator[str]:
    url = await running_aws(folder)
    if url is not None:
        yield url
        return
    with Guardian() as guardian:
        async with local_aws(folder, template, guardian) as started:
            yield started


async def _run_export(options: list[str], variables: dict[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "feedback.archive", *options),
        env={**os.environ, **variables, "PYTHONPATH": str(CODE_FOLDER)},
    )
    return await process.wait()


if __name__ == "__main__":
    sys.exit(main())
