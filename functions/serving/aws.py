"""What every adapter to AWS needs: how long a call may take, and which failures may pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from serving.errors import Unavailable

RETRY_AFTER_S = 2
# Three tries with botocore's own backoff end within 12 s at worst, before the function's timeout.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
)

_THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)


class StoreUnavailable(Unavailable):
    """The store is throttling or cannot be reached; nothing is known to be stored."""

    code = "store_unavailable"


@contextmanager
def translated(detail: str) -> Iterator[None]:
    """What may pass → ``StoreUnavailable``; a missing table or permission is a defect and stays."""
    try:
        yield
    except ClientError as exc:
        status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and (
            exc.response["Error"]["Code"] not in _THROTTLED
        ):
            raise
        raise StoreUnavailable(detail, RETRY_AFTER_S) from exc
    except (ConnectionError, HTTPClientError) as exc:
        raise StoreUnavailable(detail, RETRY_AFTER_S) from exc
