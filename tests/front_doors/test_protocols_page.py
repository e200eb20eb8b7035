"""The examples of docs/protocols.md run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import skimage

from tests.conftest import ROOT, Cloud

PAGE = (ROOT / "docs" / "protocols.md").read_text()
EXAMPLES = [
    re.sub("(?m)^    ", "", block)
    for block in re.findall(r"(?:^    .*\n)+", PAGE, flags=re.MULTILINE)
    if not block.startswith("    pip ")
]
CUP = Path(skimage.__file__).parent / "data" / "coffee.png"


@pytest.mark.parametrize(
    ("example", "words"),
    [*zip(EXAMPLES, ["espresso", "Iris-virginica", "espresso", "espresso"], strict=True)],
    ids=["Triton", "Triton, iris", "TensorFlow Serving", "Hugging Face"],
)
def test_an_example_prints_its_answer(cloud: Cloud, example: str, words: str):
    local = example.replace("127.0.0.1:8000", cloud.url.removeprefix("http://"))

    code = local.replace("photo.jpg", str(CUP))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert words in done.stdout
