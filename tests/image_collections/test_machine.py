"""A collection by the deployed way: routes, state machine, workers and report, on the stand-in."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from infra.local.aws.stand_in import ENDPOINT_FILE
from tests.conftest import COLLECTIONS as BUCKET
from tests.conftest import LIMIT_S, Cloud, wait_until

PREFIX = "summer/"


@pytest.fixture(scope="module")
def s3(cloud: Cloud, labelled_photos: Path) -> Any:
    """The stand-in's S3, with a bucket of 40 photos and one that is none."""
    client = boto3.client(
        "s3",
        endpoint_url=(cloud.data / "aws" / ENDPOINT_FILE).read_text(),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_bucket(Bucket=BUCKET)
    for photo in labelled_photos.glob("*.JPEG"):
        client.upload_file(str(photo), BUCKET, PREFIX + photo.name)
    client.put_object(Bucket=BUCKET, Key=f"{PREFIX}damaged.jpg", Body=b"no photo")
    return client


def started(cloud: Cloud, source: str) -> requests.Response:
    url = f"{cloud.url}/v1/collections"
    return requests.post(url, json={"source": source, "top_k": 3}, timeout=LIMIT_S)


def ended(cloud: Cloud, source: str) -> dict[str, Any]:
    """What a collection says of itself once it has ended."""
    url = f"{cloud.url}/v1/collections/{started(cloud, source).json()['id']}"
    wait_until(lambda: requests.get(url, timeout=LIMIT_S).json()["status"] != "RUNNING")
    status: dict[str, Any] = requests.get(url, timeout=LIMIT_S).json()
    return status


@pytest.mark.usefixtures("s3")
def test_every_photo_of_a_bucket_is_a_row_of_the_results(cloud: Cloud):
    status = ended(cloud, f"s3://{BUCKET}/{PREFIX}")

    assert (status["status"], status["photos"], status["done"]) == ("SUCCEEDED", 41, 41)
    files = {
        name: requests.get(url, timeout=LIMIT_S).content.decode("utf-8-sig")
        for name, url in status["outputs"].items()
    }
    rows = list(csv.DictReader(io.StringIO(files["results.csv"])))
    assert list(rows[0])[:2] == ["key", "size"], files["results.csv"][:300]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    assert len(rows) == 41
    assert [row["code"] for row in rows if row["code"]] == ["unsupported_image_format"]
    assert json.loads(files["summary.json"])["photos"] == 41
    assert "<html" in files["report.html"]


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("s3://another/", 403, "bucket_not_allowed"),
        ("https://example.org/photos", 422, "invalid_parameter"),
    ],
)
def test_what_may_not_be_read_is_refused(cloud: Cloud, source: str, status: int, code: str):
    response = started(cloud, source)

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.usefixtures("s3")
def test_a_prefix_without_photos_fails_with_the_reason(cloud: Cloud):
    status = ended(cloud, f"s3://{BUCKET}/none/")

    assert status["status"] == "FAILED"
    assert status["detail"] == "There are no files."
