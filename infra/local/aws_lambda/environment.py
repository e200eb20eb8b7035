"""What is known of a Lambda execution environment, whichever way it is run."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from infra.local.account import REGION
from infra.local.aws_lambda.function import FunctionSpec

INIT_LIMIT_S = 10.0
"""Lambda's limit for a function's init phase."""

MAX_PAYLOAD_BYTES = 6_291_456
"""Lambda's limit for a synchronous invocation's event and for its response."""

InitializationType = Literal["on-demand", "provisioned-concurrency"]

OutcomeKind = Literal[
    "ok",
    "function_error",
    "function_crashed",
    "function_timeout",
    "init_failed",
    "init_timeout",
    "response_too_large",
]
"""All but ``ok`` are codes of the HTTP API's ``problems.PROBLEMS`` too."""

# Not the caller's whole environment: Lambda has none of it. The last three are what Python needs
# on Windows to start at all.
_INHERITED = ("PATH", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP")


@dataclass(frozen=True)
class Invocation:
    """One request to a function."""

    request_id: str
    event: bytes


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended; ``init_ms`` is None unless it initialised the environment."""

    kind: OutcomeKind
    payload: bytes
    duration_ms: float
    init_ms: float | None = None
    max_memory_mb: int | None = None

    @property
    def reusable(self) -> bool:
        """Whether the environment may take another invocation; Lambda discards the others."""
        return self.kind in ("ok", "function_error")


class Environment(Protocol):
    """One execution environment; initialised by its first invocation."""

    @property
    def id(self) -> str:
        """The end of its log stream's name."""

    @property
    def initialization_type(self) -> InitializationType:
        """Whether it was started ahead of requests."""

    @property
    def alive(self) -> bool:
        """Whether its processes still run; they may have been killed while it was idle."""

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end. Never two at once, never again once not reusable."""

    async def stop(self) -> None:
        """End every process of it, whatever they are doing."""


class LogSink(Protocol):
    """Where lines that a function writes go."""

    def write(self, line: str) -> None:
        """Take one line, without its newline."""


@dataclass(frozen=True)
class Launch:
    """What an environment is to be: whose, how started, and when."""

    id: str
    initialization_type: InitializationType
    spec: FunctionSpec
    time: datetime
    init_limit_s: float = INIT_LIMIT_S


def process_environment(
    launch: Launch, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Variables of an environment's processes: Lambda's own, then the function's."""
    spec = launch.spec
    return {
        **{name: inherited[name] for name in _INHERITED if name in inherited},
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": inherited.get("TMPDIR", "/tmp"),  # noqa: S108 - the one folder Lambda can write to
        "PYTHONPATH": str(spec.code_folder),
        "LAMBDA_TASK_ROOT": str(spec.code_folder),
        "_HANDLER": spec.handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(spec.timeout_s),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{launch.time:%Y/%m/%d}/[$LATEST]{launch.id}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": launch.initialization_type,
        **spec.environment,
    }
