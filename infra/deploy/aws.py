"""AWS's own errors → one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import botocore.exceptions as aws

from infra.deploy.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import DeleteObjectsOutputTypeDef

_NOT_SIGNED_IN = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
)
_SESSION_ENDED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)


@contextmanager
def translated() -> Iterator[None]:
    """Whatever AWS or the way to it refuses inside → ``DeployFailed``.

    Raises:
        DeployFailed: with what to do where the session is missing or over, else AWS's own words.
    """
    try:
        yield
    except _NOT_SIGNED_IN as exc:
        raise DeployFailed(f"No AWS session ({exc}). Sign in, such as with: aws sso login") from exc
    except aws.ClientError as exc:
        error = exc.response["Error"]
        if error["Code"] in _SESSION_ENDED:
            raise DeployFailed("The AWS session has ended; sign in again.") from exc
        raise DeployFailed(
            f"AWS refused {exc.operation_name}: {error['Code']}: {error['Message']}"
        ) from exc
    except aws.BotoCoreError as exc:
        raise DeployFailed(f"AWS cannot be asked: {exc}") from exc


def check_deleted(answers: "list[DeleteObjectsOutputTypeDef]") -> None:
    """S3 answers 200 to a batch of deletions of which some failed.

    Raises:
        DeployFailed
    """
    errors = [error for answer in answers for error in answer.get("Errors", ())]
    if errors:
        first = errors[0]
        raise DeployFailed(
            f"{len(errors)} files could not be deleted; {first['Key']}: {first['Code']}"
        )
