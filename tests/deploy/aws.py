"""A stack in moto, as far as publishing looks at one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from moto.cloudfront.models import Invalidation
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

if TYPE_CHECKING:
    from mypy_boto3_s3.service_resource import Bucket

STACK = "classifier-under-test"
REGION = "us-east-1"
BUCKET = "the-pages-bucket"
WHICH = ("--stack", STACK, "--region", REGION)


@dataclass(frozen=True)
class DeployedPage:
    """What the stack made."""

    bucket: "Bucket"
    distribution_id: str

    def invalidations(self) -> list[list[str]]:
        """The paths of each, oldest first."""
        client = boto3.client("cloudfront", region_name=REGION)
        listed = client.list_invalidations(DistributionId=self.distribution_id)
        return sorted(
            client.get_invalidation(DistributionId=self.distribution_id, Id=item["Id"])[
                "Invalidation"
            ]["InvalidationBatch"]["Paths"]["Items"]
            for item in listed["InvalidationList"]["Items"]
        )

    def put_many(self, count: int) -> None:
        """Empty files, ten times as fast as by requests."""
        for number in range(count):
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, f"assets/{number}", b"")

    def let_a_minute_pass(self) -> None:
        """S3 tells times of upload in whole seconds; here several fall into one."""
        keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys
        for key in keys:
            for version in keys.getlist(key):
                version.last_modified -= timedelta(minutes=1)


@contextmanager
def deployed_stack(
    monkeypatch: pytest.MonkeyPatch, page_url: str, *missing_outputs: str
) -> Iterator[DeployedPage]:
    """A versioned bucket, a distribution, and the outputs that name them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # moto calls it COMPLETED; CloudFront, and boto3's waiter, Completed.
    completed = property(lambda _: "Completed", lambda *_: None)
    monkeypatch.setattr(Invalidation, "status", completed, raising=False)
    with mock_aws():
        distribution = _distribution()
        outputs = {
            "PageUrl": page_url,
            "PageBucketName": {"Ref": "Bucket"},
            "PageDistributionId": distribution,
        }
        template = {
            "Resources": {
                "Bucket": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": BUCKET},
                }
            },
            "Outputs": {
                name: {"Value": value}
                for name, value in outputs.items()
                if name not in missing_outputs
            },
        }
        boto3.client("cloudformation", region_name=REGION).create_stack(
            StackName=STACK, TemplateBody=json.dumps(template)
        )
        bucket = boto3.resource("s3", region_name=REGION).Bucket(BUCKET)
        bucket.Versioning().enable()  # moto's CloudFormation passes over it
        yield DeployedPage(bucket, distribution)


def _distribution() -> str:
    origin = {
        "Id": "page",
        "DomainName": f"{BUCKET}.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    created = boto3.client("cloudfront", region_name=REGION).create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "page",
                "ViewerProtocolPolicy": "redirect-to-https",
            },
        }
    )
    return created["Distribution"]["Id"]
