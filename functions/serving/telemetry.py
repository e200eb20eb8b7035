"""What a request leaves behind: one structured log line and one EMF metrics record.

Never bodies, images or whole events. Everything Powertools stays in this module.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

PROVISIONED = "provisioned-concurrency"
UNITS = {"ms": MetricUnit.Milliseconds, "bytes": MetricUnit.Bytes}


@dataclass
class RequestRecord:
    """One request as it passes; routes add ``measures`` named with their unit: ``decode_ms``."""

    request_id: str
    method: str
    path: str
    cold_start: bool
    status: int = 500
    code: str | None = None
    duration_ms: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)


class Telemetry(Protocol):
    """Where request records go."""

    def request(self, record: RequestRecord) -> None:
        """Note an answered request."""

    def crash(self, record: RequestRecord, error: Exception) -> None:
        """Note an error nobody foresaw."""


@dataclass
class Environment:
    """The execution environment that answers; its first request is a cold start, unless Lambda had
    initialised it ahead (naive metrics count those as cold too)."""

    id: str
    initialization_type: str
    served: int = 0

    def begin_request(self) -> bool:
        """Count a request in; True when it waited for this environment to initialise."""
        self.served += 1
        return self.served == 1 and self.initialization_type != PROVISIONED


def environment_id(
    log_stream_name: str, new_id: Callable[[], str] = lambda: uuid.uuid4().hex
) -> str:
    """Lambda's own id, the end of a log stream name ``2026/11/21/[3]0123abcd``, else a new one."""
    _, bracket, end = log_stream_name.rpartition("]")
    return end if bracket and end else new_id()


class PowertoolsTelemetry:
    """Log lines and EMF records on standard output, where Lambda collects both.

    Name, namespace and level come from Powertools' own POWERTOOLS_* variables.
    """

    def __init__(self) -> None:
        self._logger = Logger()
        self._metrics = AmazonCloudWatchEMFProvider()

    def request(self, record: RequestRecord) -> None:
        """Log the request; record its times, sizes, cold start and error code."""
        self._logger.info(
            "request",
            extra={
                "request_id": record.request_id,
                "method": record.method,
                "path": record.path,
                "status": record.status,
                "code": record.code,
                "cold_start": record.cold_start,
                "duration_ms": round(record.duration_ms, 2),
                **{name: round(value, 2) for name, value in record.measures.items()},
            },
        )
        for name, value in {**record.measures, "duration_ms": record.duration_ms}.items():
            unit = UNITS[name.rpartition("_")[2]]
            self._metrics.add_metric(_camel(name), unit, value)
        self._metrics.add_metric("ColdStart", MetricUnit.Count, int(record.cold_start))
        # Of every request, so that its average is a share; Lambda counts a 500 as a success.
        failed = record.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        self._metrics.add_metric("ServerErrors", MetricUnit.Count, int(failed))
        self._metrics.flush_metrics()
        if record.code:
            with single_metric("Errors", MetricUnit.Count, 1) as metric:
                metric.add_dimension("code", record.code)

    def crash(self, record: RequestRecord, error: Exception) -> None:
        """Log the trace under the request's id."""
        self._logger.error(
            "request_crashed", extra={"request_id": record.request_id}, exc_info=error
        )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
