"""The built page → bucket and CDN, without a moment in which the page names what is not there."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import WaiterError

from infra.deploy.aws import check_deleted
from infra.deploy.errors import DeployFailed
from infra.deploy.page import ASSETS, BuiltPage, PageFile

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3.service_resource import Bucket, ObjectSummary

    from infra.deploy.stack import PageStack

KEPT_VERSIONS = 5
"""Pages that are open in browsers, and a page that is put back, still find their files."""

_POLL_S = 5
_LONGEST_WAIT_S = 600
_FOLDER = re.compile(rf"{ASSETS}[0-9a-f]{{12}}/")


def publish_page(page: BuiltPage, bucket: "Bucket", keep: int, say: Callable[[str], None]) -> None:
    """Upload what is new, ``index.html`` last; then forget all but the ``keep`` newest versions.

    Raises:
        DeployFailed: S3 kept what should go.
    """
    stored = {summary.key: summary for summary in bucket.objects.all()}
    for number, file in enumerate(page.assets, start=1):
        status = "there already" if _is_stored(file, stored) else _upload(file, bucket)
        say(f"  [{number}/{len(page.assets)}] {file.key}  {status}")
    for file in page.pages:
        status = "there already" if _is_stored(file, stored) else _upload(file, bucket)
        say(f"  {file.key}  {status}")
    for folder in outdated_folders(stored, page.folder, keep):
        say(f"  {folder}  deleted: {keep} newer versions are kept")
        check_deleted(bucket.objects.filter(Prefix=folder).delete())


def outdated_folders(stored: "dict[str, ObjectSummary]", current: str, keep: int) -> list[str]:
    """The asset folders beyond the ``keep`` newest, of which ``current`` always is one."""
    newest: dict[str, datetime] = {}
    for key, summary in stored.items():
        if match := _FOLDER.match(key):
            folder = match.group()
            newest[folder] = max(
                newest.get(folder, datetime.min.replace(tzinfo=UTC)), summary.last_modified
            )
    newest.pop(current, None)
    return sorted(newest, key=lambda folder: (newest[folder], folder), reverse=True)[keep - 1 :]


def invalidate(
    stack: "PageStack", page: BuiltPage, cloudfront: "CloudFrontClient", say: Callable[[str], None]
) -> None:
    """Have CloudFront ask for the pages anew, and wait until it does.

    Even where nothing was uploaded: an earlier run may have ended before it came here.

    Raises:
        DeployFailed: it has not done so within ten minutes.
    """
    began_s = time.monotonic()
    say("CloudFront: invalidating the pages, which takes a minute or two")
    paths = ["/", *(f"/{file.key}" for file in page.pages)]
    invalidation = cloudfront.create_invalidation(
        DistributionId=stack.distribution_id,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": f"{page.folder}{uuid4()}",
        },
    )["Invalidation"]["Id"]
    try:
        cloudfront.get_waiter("invalidation_completed").wait(
            DistributionId=stack.distribution_id,
            Id=invalidation,
            WaiterConfig={"Delay": _POLL_S, "MaxAttempts": _LONGEST_WAIT_S // _POLL_S},
        )
    except WaiterError as exc:
        raise DeployFailed(f"CloudFront has not finished invalidation {invalidation}.") from exc
    say(f"CloudFront: done after {time.monotonic() - began_s:.0f} s")


def _is_stored(file: PageFile, stored: "dict[str, ObjectSummary]") -> bool:
    # S3's ETag of an object put in one piece and encrypted with S3's own keys is its MD5.
    etag = md5(file.body, usedforsecurity=False).hexdigest()
    return file.key in stored and stored[file.key].e_tag.strip('"') == etag


def _upload(file: PageFile, bucket: "Bucket") -> str:
    bucket.put_object(
        Key=file.key,
        Body=file.body,
        ContentType=file.content_type,
        CacheControl=file.cache_control,
    )
    return f"{len(file.body) / 1024:.1f} kB"
