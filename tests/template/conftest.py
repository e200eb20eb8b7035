"""The templates, as they are written and as CloudFormation gets them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT, skip_or_fail

TEMPLATE = ROOT / "template.yaml"
NESTED = sorted((ROOT / "infra").glob("*.yaml"))
DOCUMENT = load_yaml(TEMPLATE)
FUNCTIONS = {
    name: resource
    for name, resource in DOCUMENT["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}


def resources_of(kind: str, document: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """Properties of every resource of that type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in document["Resources"].items()
        if resource["Type"] == kind
    }


@pytest.fixture(scope="session")
def translated() -> dict[str, Any]:
    """The template as SAM hands it to CloudFormation, with its own parameters."""
    return translate()


def translate(**parameters: str) -> dict[str, Any]:
    """The template as SAM hands it to CloudFormation."""
    python = ROOT / ".sam" / "bin" / "python"
    if not python.exists():
        skip_or_fail("SAM is not installed (make lint installs it)")
    program = Path(__file__).with_name("translate.py")
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    completed = subprocess.run(
        [python, program, TEMPLATE, *overrides],
        env=os.environ | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": ""},
        capture_output=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr.decode()
    document: dict[str, Any] = json.loads(completed.stdout)
    return document
