"""How properties are tried: the same every time, at any speed, or with ever new inputs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.conftest import ROOT

NEW = ("--hypothesis-profile", "new", "-m", "hypothesis")
PROPERTY = """
from hypothesis import example, given, strategies as st

@given(st.integers(), st.binary())
def test_is_small(tmp_path, number, data):
    assert number < 1000
"""


@pytest.fixture
def fuzz(tmp_path: Path):
    """Looks for inputs that a property does not hold for."""

    def run(code: str, *options: str) -> "subprocess.CompletedProcess[str]":
        file = tmp_path / "test_property.py"
        file.write_text(code)
        (tmp_path / "conftest.py").write_text("import tests.conftest")
        command = (sys.executable, "-m", "pytest", "-p", "tests.fuzz", "--rootdir", tmp_path, "-x")
        environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}
        return subprocess.run(
            [*command, *options, file],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_properties_are_tried_alike_every_time_and_at_any_speed():
    assert settings().derandomize
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_no_property_has_its_own_idea_of_speed():
    """A test's own list of checks would replace everybody's."""
    own = ("suppress_health_check", "deadline=", "derandomize")
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]

    assert not [path for path in files if any(name in path.read_text() for name in own)]


def test_new_inputs_are_tried_until_time_is_up(fuzz):
    searched = fuzz(PROPERTY.replace("number < 1000", "True"), "--fuzz", "1s", *NEW)

    assert searched.returncode == 0, searched.stdout
    assert "round 1, " in searched.stdout


def test_what_is_found_is_printed_as_an_example_that_fails_at_once(fuzz):
    first = fuzz(PROPERTY, "--fuzz", "1h", *NEW)
    printed = "@example(" + first.stdout.partition("\n@example(")[2].partition("\n)")[0] + "\n)"
    second = fuzz(PROPERTY.replace("@given", f"{printed}\n@given"))

    assert (first.returncode, second.returncode) == (1, 1)
    assert "tmp_path" not in printed
    assert "number=1000," in printed
    assert "explicit" in second.stdout
