"""The images under ``sam local start-api`` keep the contract that ``make run`` keeps."""

from pathlib import Path
from typing import Any

import pytest
import requests

from deployment_check.golden import read_golden
from deployment_check.replay import replay
from tests.containers.conftest import Local, docker
from tests.contract import PACKAGED, HttpContract


class TestSamLocal(HttpContract):
    @pytest.fixture
    def url(self, sam_local: Local) -> str:
        return sam_local.url


def test_its_apis_take_no_binary_body_as_the_readme_says(sam_local: Local):
    answer = requests.post(
        f"{sam_local.url}/v1/predict",
        data=(PACKAGED / "chelsea.png").read_bytes(),
        headers={"content-type": "image/png"},
        timeout=30,
    )

    assert answer.status_code == 502
    assert "UnicodeDecodeError" in sam_local.log.read_text()


def test_the_checks_golden_photos_are_of_the_classifiers_model(
    sam_local: Local, images: dict[str, str], tmp_path: Path
):
    container = docker("create", images["ClassifierCheckFunction"])
    try:
        docker("cp", f"{container}:/var/task/golden", str(tmp_path))
    finally:
        docker("rm", container)

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{sam_local.url}{event['rawPath']}?{event['rawQueryString']}",
            json={"image": event["body"]},
            timeout=30,
        )
        return {"statusCode": answer.status_code, "body": answer.text}

    comparisons = list(replay(read_golden(tmp_path / "golden"), invoke))

    assert len(comparisons) == 23
    assert [comparison for comparison in comparisons if comparison.disagreement] == []
