"""The embedded model's golden set against the real handler, and against one that is wrong."""

import base64
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from deployment_check.golden import GOLDEN_FILE, GoldenSet, read_golden
from deployment_check.replay import replay
from tests.conftest import ROOT, Cloud


@pytest.fixture(scope="module")
def golden_folder(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the image has it: the committed answers, and the photos of the packages."""
    folder = tmp_path_factory.mktemp("golden")
    shutil.copy(embedded_model / GOLDEN_FILE, folder)
    photos = ("-m", "image_classifier.export.photos", folder)
    subprocess.run(
        [sys.executable, *photos], env={"PYTHONPATH": str(ROOT / "functions")}, check=True
    )
    return folder


@pytest.fixture(scope="module")
def golden(golden_folder: Path) -> GoldenSet:
    return read_golden(golden_folder)


@pytest.fixture
def version(cloud: Cloud) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The running classifier, asked with the event's own request."""

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{cloud.url}{event['rawPath']}?{event['rawQueryString']}",
            data=base64.b64decode(event["body"]),
            headers={"content-type": event["headers"]["content-type"]},
            timeout=30,
        )
        return {"statusCode": answer.status_code, "body": answer.text}

    return invoke


def test_the_running_classifier_agrees(golden: GoldenSet, version: Any):
    comparisons = list(replay(golden, version))

    assert len(comparisons) == 23
    assert [comparison for comparison in comparisons if comparison.disagreement] == []


def test_a_classifier_that_swaps_colours_does_not(golden: GoldenSet, version: Any):
    swapped = replace(
        golden,
        photos=tuple(
            replace(photo, content=_swapped(photo.content), media_type="image/png")
            for photo in golden.photos
        ),
    )

    wrong = [comparison.name for comparison in replay(swapped, version) if comparison.disagreement]
    assert len(wrong) >= len(golden.photos) / 2


def test_the_handler_takes_the_event_as_it_is(golden_folder: Path, embedded_model: Path):
    """Through the Lambda handler itself, without a gateway that could mend the event."""
    program = (
        "import sys; from pathlib import Path; from types import SimpleNamespace;"
        "from deployment_check.golden import read_golden;"
        "from deployment_check.replay import replay;"
        "from image_classifier.handler import handler;"
        "context = SimpleNamespace(aws_request_id='id');"
        "answers = list(replay(read_golden(Path(sys.argv[1])), lambda e: handler(e, context)));"
        "print(len(answers), [a for a in answers if a.disagreement], file=sys.stderr)"
    )
    environ = {
        "PYTHONPATH": str(ROOT / "functions"),
        "MODEL_DIR": str(embedded_model),
        "RECEIPT_KEY": "k" * 32,
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
    completed = subprocess.run(
        [sys.executable, "-c", program, golden_folder],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert completed.stderr.splitlines()[-1] == "23 []"


def _swapped(photo: bytes) -> bytes:
    red, green, blue = Image.open(io.BytesIO(photo)).convert("RGB").split()
    swapped = io.BytesIO()
    Image.merge("RGB", (blue, green, red)).save(swapped, "PNG", compress_level=1)
    return swapped.getvalue()
