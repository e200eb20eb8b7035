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

# A presigned address names the bucket's own regional host: at the global one, and under the older
# signature, which are the SDK's defaults in several regions, S3 redirects or refuses what is sent
# to a new bucket, and a browser follows no redirect to another origin.
S3_ADDRESSES = Config(
    signature_version="s3v4",
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
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
