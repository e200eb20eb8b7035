"""The hash that makes a stack's functions new versions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.__main__ import main
from infra.deploy.errors import DeployFailed
from infra.deploy.release import Contents, image_uris, release_hash
from tests.deploy.aws import WHICH

PARAMETERS = {"Memory": "1769", "Level": ""}
CONTENTS = Contents("commit", "Timeout: 20", ("i1", "i2"), PARAMETERS)


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "another"},
        {"template": "Timeout: 21"},
        {"images": ("i1", "i3")},
        {"parameters": PARAMETERS | {"Memory": "1024"}},
        {"failed": "2026-11-21 12:00:00"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_release_differs_within_its_first_ten_digits(change: dict[str, Any]):
    assert release_hash(CONTENTS)[:10] != release_hash(replace(CONTENTS, **change))[:10]


def test_a_release_is_the_same_for_the_same():
    before = replace(
        CONTENTS, images=("i2", "i1"), parameters=PARAMETERS | {"Release": "of the last time"}
    )

    assert release_hash(before) == release_hash(CONTENTS)


def test_a_function_that_was_not_built_is_named():
    function = {"Type": "AWS::Serverless::Function", "Properties": {}}

    with pytest.raises(DeployFailed, match="Classifier"):
        image_uris({"Resources": {"Classifier": function}})


def test_a_release_needs_what_was_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["release", *WHICH, "--file", str(tmp_path / "prod.yaml")]) == 1
    assert "make images" in capsys.readouterr().err
