"""A log line, which is an EMF metrics record too, for each request, message or invocation.

Never bodies, images or whole events. Everything Powertools stays in this module.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from serving.errors import ServiceError
from serving.settings import ServingSettings

PROVISIONED = "provisioned-concurrency"
UNITS = {"ms": MetricUnit.Milliseconds, "bytes": MetricUnit.Bytes}


@dataclass
class Record:
    """One piece of work: an HTTP request, a message of a queue, or an invocation.

    ``subject`` says which, as fields of the log line: method and path, or the message's id.
    The code that does the work adds ``measures``, named with their unit: ``decode_ms``,
    ``image_bytes``; others are counts. ``ratios`` are in 0…1, a value for each prediction of this
    piece of work. ``failed`` unless it ended as it should; of HTTP, below 500.
    """

    request_id: str
    subject: dict[str, str]
    cold_start: bool
    status: int | None = None
    code: str | None = None
    failed: bool = True
    duration_ms: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)

    def add_prediction(self, model_version: str, ratios: Mapping[str, float]) -> None:
        """Add what a model's answer was like."""
        self.subject["model_version"] = model_version
        for name, value in ratios.items():
            self.ratios.setdefault(name, []).append(value)


class Telemetry(Protocol):
    """Where records go."""

    def note(self, record: Record) -> None:
        """Note finished work."""

    def crash(self, record: Record, error: Exception) -> None:
        """Note an unexpected error."""


@dataclass
class ServingEnvironment:
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


def environment_of(settings: ServingSettings) -> ServingEnvironment:
    """The environment that Lambda's own variables describe."""
    return ServingEnvironment(
        environment_id(settings.aws_lambda_log_stream_name), settings.aws_lambda_initialization_type
    )


@contextmanager
def recorded(record: Record, telemetry: Telemetry) -> Iterator[None]:
    """Note what is done inside, with its time, however it ends; errors pass through."""
    began_s = time.perf_counter()
    try:
        yield
        record.failed = False
    except ServiceError as error:
        record.code = error.code
        raise
    except Exception as error:
        record.code = ServiceError.code
        telemetry.crash(record, error)
        raise
    finally:
        record.duration_ms = (time.perf_counter() - began_s) * 1000
        telemetry.note(record)


class PowertoolsTelemetry:
    """A log line for each record on standard output, where Lambda collects it; CloudWatch takes the
    metrics out of it that its ``_aws`` names.

    Name, namespace and level come from Powertools' own POWERTOOLS_* variables.
    """

    def __init__(self) -> None:
        self._logger = Logger()
        self._metrics = AmazonCloudWatchEMFProvider()

    def note(self, record: Record) -> None:
        """Log the work; record its times, sizes, cold start and error code."""
        metrics = self._metrics.serialize_metric_set(_metrics(record))
        if self._logger.log_level > logging.INFO:
            print(json.dumps(metrics))  # noqa: T201 - alarms need them at every level
        self._logger.info(
            "request",
            extra={
                "request_id": record.request_id,
                **record.subject,
                **({} if record.status is None else {"status": record.status}),
                "code": record.code,
                "cold_start": record.cold_start,
                "duration_ms": round(record.duration_ms, 2),
                **{name: round(value, 2) for name, value in record.measures.items()},
                **record.ratios,
                **metrics,
            },
        )
        if record.code:
            with single_metric("Errors", MetricUnit.Count, 1) as metric:
                metric.add_dimension("code", record.code)

    def crash(self, record: Record, error: Exception) -> None:
        """Log the trace under the request's id."""
        self._logger.error(
            "request_crashed", extra={"request_id": record.request_id}, exc_info=error
        )


def _metrics(record: Record) -> dict[str, Any]:
    """What ``record`` measures, as Powertools keeps metrics: by name, with unit and values."""
    counts = {
        "ColdStart": int(record.cold_start),
        # Always, so that its average is a share; Lambda counts an answer of 500 as a success.
        "ServerErrors": int(record.failed),
    }
    return {
        **{
            _camel(name): _metric(UNITS.get(name.rpartition("_")[2], MetricUnit.Count), value)
            for name, value in {**record.measures, "duration_ms": record.duration_ms}.items()
        },
        **{
            _camel(name): _metric(MetricUnit.NoUnit, *values)
            for name, values in record.ratios.items()
        },
        **{name: _metric(MetricUnit.Count, value) for name, value in counts.items()},
    }


def _metric(unit: MetricUnit, *values: float) -> dict[str, Any]:
    return {"Unit": unit.value, "Value": [float(value) for value in values]}


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
