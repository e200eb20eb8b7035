"""The one function that ``make run`` has beside the template's: it classifies ``make collection``'s
batches, which are photos on this machine and not in S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from infra.local.aws_lambda.function import FunctionSpec

FUNCTION = "FolderWorkerFunction"
ADDRESS_FILE = "invoke-api"
"""In the data folder while ``make run`` is at work: the URL of Lambda's API there."""

_IN_S3 = "CollectionWorkerFunction"
_HANDLER = "infra.commands.collection.handler.handler"
_PROJECT = Path(__file__).parents[2]


def with_folder_worker(functions: tuple[FunctionSpec, ...]) -> tuple[FunctionSpec, ...]:
    """``functions``, and the collections' worker once more with another handler."""
    return functions + tuple(_folder_worker(spec) for spec in functions if spec.name == _IN_S3)


@contextmanager
def address_written(data: Path, invoke_api: str) -> Iterator[None]:
    """Within it ``make collection`` finds the function."""
    (data / ADDRESS_FILE).write_text(invoke_api, "utf-8")
    try:
        yield
    finally:
        (data / ADDRESS_FILE).unlink(missing_ok=True)


def _folder_worker(worker: FunctionSpec) -> FunctionSpec:
    python_path = f"{worker.code_folder}{os.pathsep}{_PROJECT}"
    environment = {**worker.environment, "PYTHONPATH": python_path}
    return replace(worker, name=FUNCTION, handler=_HANDLER, environment=environment)
