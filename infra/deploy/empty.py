"""Everything out of a bucket, so that CloudFormation can delete it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.deploy.aws import check_deleted

if TYPE_CHECKING:
    from mypy_boto3_s3.service_resource import Bucket


def empty_bucket(bucket: "Bucket", say: Callable[[str], None]) -> None:
    """Delete every version of every file, and every mark of a deletion.

    Raises:
        DeployFailed: S3 kept some.
    """
    count = 0
    try:
        while answers := bucket.object_versions.delete():  # more may be written meanwhile
            check_deleted(answers)
            count += sum(len(answer.get("Deleted", ())) for answer in answers)
    except bucket.meta.client.exceptions.NoSuchBucket:
        say(f"{bucket.name} is gone already")
        return
    say(f"{bucket.name}: {count} versions deleted")
