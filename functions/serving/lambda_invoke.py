"""Work on one event → AWS Lambda handler of plain invocations, such as a state machine's."""

from collections.abc import Callable
from typing import Any

from serving.telemetry import Record, ServingEnvironment, Telemetry, recorded

Work = Callable[[dict[str, Any], Record], dict[str, Any]]
"""Event → result; adds to the record."""


def invoke_handler(
    work: Work, environment: ServingEnvironment, telemetry: Telemetry
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a function whose caller gets the result, or the error as Lambda puts it."""

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        record = Record(
            request_id=context.aws_request_id,
            subject={},
            cold_start=environment.begin_request(),
        )
        with recorded(record, telemetry):
            return work(event, record)

    return handler
