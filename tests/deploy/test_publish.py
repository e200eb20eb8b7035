"""Bucket and CDN after publishing, and again; on moto."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.deploy import publish
from infra.deploy.__main__ import main
from infra.deploy.errors import DeployFailed
from infra.deploy.page import BuiltPage, build_page
from infra.deploy.publish import invalidate, outdated_folders
from infra.deploy.stack import PageStack
from tests.deploy.aws import BUCKET, REGION, WHICH, DeployedPage, deployed_stack
from tests.deploy.conftest import URL


def publish_from(web: Path, *options: str) -> None:
    assert main(["page", *WHICH, "--web", str(web), *options]) == 0


def keys(deployed: DeployedPage) -> set[str]:
    return {summary.key for summary in deployed.bucket.objects.all()}


def folders(deployed: DeployedPage) -> set[str]:
    return {key[: len("assets/0123456789ab/")] for key in keys(deployed) if "/" in key}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every call of AWS, in order: operation, and key of the object."""
    operations: list[tuple[str, str]] = []
    create = boto3.session.Session.client

    def recording(session: boto3.Session, *args: object, **kwargs: object) -> object:
        client = create(session, *args, **kwargs)
        client.meta.events.register(
            "provide-client-params",
            lambda params, model, **_: operations.append((model.name, params.get("Key", ""))),
        )
        return client

    monkeypatch.setattr(boto3.session.Session, "client", recording)
    return operations


def test_objects_are_stored_with_their_types_and_how_long_to_keep_them(
    deployed: DeployedPage, web: Path
):
    publish_from(web)

    page = build_page(web, URL)
    for file in (*page.assets, *page.pages):
        stored = deployed.bucket.Object(file.key).get()
        assert stored["Body"].read() == file.body
        assert stored["ContentType"] == file.content_type
        assert stored["CacheControl"] == file.cache_control
    assert keys(deployed) == {file.key for file in (*page.assets, *page.pages)}


def test_the_page_comes_after_everything_it_names_and_the_cdn_last(
    deployed: DeployedPage, web: Path, calls: list[tuple[str, str]]
):
    publish_from(web)

    changes = [call for call in calls if call[0].startswith(("Put", "Create", "Delete"))]
    assert [operation for operation, _ in changes] == ["PutObject"] * 6 + ["CreateInvalidation"]
    assert changes[4:6] == [("PutObject", "about.html"), ("PutObject", "index.html")]
    assert deployed.invalidations() == [["/", "/about.html", "/index.html"]]


def test_an_upload_that_breaks_off_leaves_the_old_page(
    deployed: DeployedPage, web: Path, capsys: pytest.CaptureFixture[str]
):
    publish_from(web)
    before = deployed.bucket.Object("index.html").get()["Body"].read()
    (web / "app.js").write_text("other")

    def refuse(params: dict[str, str], **_: object) -> None:
        if params["Key"].endswith("icon.svg"):
            error = {"Code": "AccessDenied", "Message": "no"}
            raise ClientError({"Error": error}, "PutObject")

    with pytest.MonkeyPatch.context() as patch:
        create = boto3.session.Session.resource

        def refusing(session: boto3.Session, name: str) -> object:
            resource = create(session, name)
            resource.meta.client.meta.events.register("provide-client-params.s3.PutObject", refuse)
            return resource

        patch.setattr(boto3.session.Session, "resource", refusing)
        assert main(["page", *WHICH, "--web", str(web)]) == 1

    assert "error: AWS refused PutObject: AccessDenied: no" in capsys.readouterr().err
    assert deployed.bucket.Object("index.html").get()["Body"].read() == before


def test_publishing_again_uploads_nothing_but_asks_the_cdn_again(
    deployed: DeployedPage, web: Path, calls: list[tuple[str, str]]
):
    publish_from(web)
    calls.clear()

    publish_from(web)

    operations = [operation for operation, _ in calls]
    assert "PutObject" not in operations
    assert operations.count("CreateInvalidation") == 1
    assert len(deployed.invalidations()) == 2


def test_a_changed_file_gets_a_new_folder_and_the_old_one_stays(deployed: DeployedPage, web: Path):
    publish_from(web)
    old = build_page(web, URL)
    (web / "app.js").write_text("changed")

    publish_from(web)

    new = build_page(web, URL)
    assert folders(deployed) == {old.folder, new.folder}
    assert new.folder in deployed.bucket.Object("index.html").get()["Body"].read().decode()


def test_a_damaged_object_is_uploaded_again(deployed: DeployedPage, web: Path):
    publish_from(web)
    key = build_page(web, URL).folder + "app.js"
    deployed.bucket.put_object(Key=key, Body=b"damaged")

    publish_from(web)

    assert deployed.bucket.Object(key).get()["Body"].read() == (web / "app.js").read_bytes()


def test_old_versions_are_forgotten_and_other_files_are_left_alone(
    deployed: DeployedPage, web: Path
):
    deployed.bucket.put_object(Key="assets/hand-made/x.png", Body=b"")
    published = []
    for number in range(4):
        (web / "app.js").write_text(f"// {number}")
        deployed.let_a_minute_pass()
        publish_from(web, "--keep", "2")
        published.append(build_page(web, URL).folder)

    assert {folder for folder in published if folder in folders(deployed)} == set(published[2:])
    assert "assets/hand-made/x.png" in keys(deployed)


def test_a_version_that_is_put_back_is_not_taken_for_an_old_one(deployed: DeployedPage, web: Path):
    first = (web / "app.js").read_bytes()
    for content in (first, b"second", b"third", first):
        (web / "app.js").write_bytes(content)
        deployed.let_a_minute_pass()
        publish_from(web, "--keep", "3")

    current = build_page(web, URL)
    assert current.folder in folders(deployed)
    assert len(folders(deployed)) == 3
    assert deployed.bucket.Object("index.html").get()["Body"].read() == current.pages[-1].body


def test_the_newest_file_of_a_folder_says_how_old_it_is():
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def stored(minutes: int) -> SimpleNamespace:
        return SimpleNamespace(last_modified=noon + timedelta(minutes=minutes))

    objects = {
        "assets/aaaaaaaaaaaa/1": stored(0),
        "assets/aaaaaaaaaaaa/2": stored(9),
        "assets/bbbbbbbbbbbb/1": stored(5),
        "assets/cccccccccccc/1": stored(-9),
        "index.html": stored(-99),
    }

    assert outdated_folders(objects, "assets/cccccccccccc/", 2) == ["assets/bbbbbbbbbbbb/"]
    assert outdated_folders(objects, "assets/dddddddddddd/", 4) == []


def test_waiting_for_the_cdn_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(publish, "_POLL_S", 0.001)
    monkeypatch.setattr(publish, "_LONGEST_WAIT_S", 0.003)
    client = boto3.client(
        "cloudfront", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    pending = {
        "Invalidation": {
            "Id": "I1",
            "Status": "InProgress",
            "CreateTime": datetime.now(UTC),
            "InvalidationBatch": {"Paths": {"Quantity": 0}, "CallerReference": "c"},
        }
    }
    with Stubber(client) as stubber:
        stubber.add_response("create_invalidation", pending)
        for _ in range(4):
            stubber.add_response("get_invalidation", pending)
        with pytest.raises(DeployFailed, match="I1"):
            invalidate(PageStack(URL, BUCKET, "D1"), BuiltPage("assets/x/", (), ()), client, print)


def test_files_that_could_not_be_deleted_are_an_error(deployed: DeployedPage, web: Path):
    publish_from(web)

    def keep_them(parsed: dict[str, object], **_: object) -> None:
        parsed["Errors"] = [{"Key": "index.html", "Code": "InternalError"}]

    client = deployed.bucket.meta.client
    client.meta.events.register("after-call.s3.DeleteObjects", keep_them)
    with pytest.raises(DeployFailed, match=r"index\.html: InternalError"):
        publish.publish_page(build_page_after_change(web), deployed.bucket, keep=1, say=print)


def build_page_after_change(web: Path):
    (web / "app.js").write_text("changed")
    return build_page(web, URL)


@pytest.mark.parametrize("output", ["PageUrl", "PageBucketName", "PageDistributionId"])
def test_a_missing_output_is_named(
    monkeypatch: pytest.MonkeyPatch, web: Path, output: str, capsys: pytest.CaptureFixture[str]
):
    with deployed_stack(monkeypatch, URL, output):
        assert main(["page", *WHICH, "--web", str(web)]) == 1

    assert f"has no output {output}" in capsys.readouterr().err


def test_asks_aws_for_nothing_but_what_the_deploying_role_may(
    deployed: DeployedPage, web: Path, calls: list[tuple[str, str]]
):
    for content in ("first", "second"):
        (web / "app.js").write_text(content)
        publish_from(web, "--keep", "1")

    assert {operation for operation, _ in calls} == {
        "DescribeStacks",  # cloudformation:DescribeStacks
        "ListObjects",  # s3:ListBucket
        "PutObject",  # s3:PutObject
        "DeleteObjects",  # s3:DeleteObject
        "CreateInvalidation",
        "GetInvalidation",
    }

    calls.clear()
    assert main(["empty", *WHICH]) == 0

    assert {operation for operation, _ in calls} == {
        "DescribeStacks",
        "ListObjectVersions",  # s3:ListBucketVersions
        "DeleteObjects",  # s3:DeleteObjectVersion
    }
    assert deployed.invalidations()
