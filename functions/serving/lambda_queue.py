"""Work on one message → AWS Lambda handler of a queue's batches."""

import asyncio
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from serving.telemetry import Record, ServingEnvironment, Telemetry, recorded

Work = Callable[[SQSRecord, Record], None]
"""Deals with one message, and adds to its record; raises where it is to be delivered again.

The messages of a batch are dealt with at once, each in a thread."""


def queue_handler(
    work: Work,
    environment: ServingEnvironment,
    telemetry: Telemetry,
    settle: Callable[[], None] = lambda: None,
) -> Callable[[dict[str, Any], Any], Any]:
    """The handler of a function behind an SQS queue (``ReportBatchItemFailures``).

    Messages whose work raised are reported as failed, so that the queue delivers these, and only
    these, again; all of a batch where ``settle``, which follows, raises.
    """
    processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    async def handle(record: SQSRecord) -> None:  # Powertools passes it by this name
        note = Record(
            request_id=record.message_id,
            subject={"message_id": record.message_id},
            cold_start=environment.begin_request(),
        )
        with recorded(note, telemetry):
            await asyncio.to_thread(work, record, note)

    def handler(event: dict[str, Any], context: Any) -> Any:
        failures = async_process_partial_response(event, handle, processor, context)
        settle()
        return failures

    return handler
