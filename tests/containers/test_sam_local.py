"""The images under ``sam local start-api`` keep the contract that ``make run`` keeps."""

import pytest
import requests

from tests.containers.conftest import Local
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
