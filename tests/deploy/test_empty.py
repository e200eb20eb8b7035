"""The bucket after emptying; on moto."""

from pathlib import Path

import pytest

from infra.deploy.__main__ import main
from tests.deploy.aws import REGION, WHICH, DeployedPage


def test_emptying_leaves_no_version_so_that_the_stack_can_be_deleted(
    deployed: DeployedPage, web: Path
):
    publish = ["page", *WHICH, "--web", str(web)]
    assert main(publish) == 0
    (web / "app.js").write_text("changed")
    assert main([*publish, "--keep", "1"]) == 0
    assert any(
        version.is_latest and not version.size for version in deployed.bucket.object_versions.all()
    )

    assert main(["empty", *WHICH]) == 0

    assert list(deployed.bucket.object_versions.all()) == []
    deployed.bucket.delete()


def test_emptying_takes_more_files_than_one_request_may_name(deployed: DeployedPage):
    deployed.put_many(1005)

    assert main(["empty", *WHICH]) == 0

    assert list(deployed.bucket.object_versions.limit(1)) == []


def test_emptying_twice_is_no_error(deployed: DeployedPage, capsys: pytest.CaptureFixture[str]):
    deployed.bucket.delete()

    assert main(["empty", *WHICH]) == 0
    assert main(["empty", "--stack", "deleted", "--region", REGION]) == 0

    output = capsys.readouterr().out
    assert "is gone already" in output
    assert "Nothing to empty: There is no stack deleted" in output
