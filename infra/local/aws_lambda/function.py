"""What a Lambda function is to the service that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FunctionSpec:
    """One Lambda function; ``code_folder`` is what its image holds under ``/var/task``."""

    name: str
    handler: str
    code_folder: Path
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, str]
    provisioned_concurrency: int
    reserved_concurrency: int | None
