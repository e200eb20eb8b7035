"""What is installed: every package locked with its hash, the same versions everywhere, and no
registry named."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

FUNCTIONS = ROOT / "functions"


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("no git checkout, so nobody knows which files are the project's")
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_package_registry():
    # In pieces, so that this file does not name one either.
    hosts = [
        ".".join(parts)
        for parts in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs"))
    ]
    pattern = re.compile("|".join([*map(re.escape, hosts), "index" + "-url", "find" + "-links"]))
    for path in tracked_files():
        text = path.read_bytes().decode(errors="replace")
        assert not (match := pattern.search(text)), f"{path} names {match and match[0]}"
        assert '"resolved": "' + "http" not in text, path


def test_every_requirement_is_locked_with_a_hash():
    for path in [*ROOT.glob("requirements/*.txt"), *FUNCTIONS.rglob("*.txt")]:
        requirements = re.split(r"\n(?=\S)", path.read_text().strip())
        assert requirements
        for requirement in requirements:
            assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9, -]+\])?==\S+", requirement), (
                requirement
            )
            assert "--hash=sha256:" in requirement, requirement


def pins_of(requirements: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([\w.-]+)==(\S+)", requirements.read_text(), flags=re.MULTILINE))


def test_development_has_the_versions_that_production_has():
    developed = pins_of(ROOT / "requirements" / "dev.txt")
    for path in FUNCTIONS.rglob("*.txt"):
        assert pins_of(path)
        assert pins_of(path) <= developed, path


def test_no_tool_for_development_holds_production_back():
    commands = subprocess.run(
        ["make", "-n", "lock"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    production = [line for line in commands if "--output-file functions/" in line]

    assert len(production) == len(list(FUNCTIONS.rglob("*.txt")))
    assert not [line for line in production if "--constraints requirements/" in line]


def test_what_make_run_installs_is_small_and_of_the_same_versions():
    served = pins_of(ROOT / "requirements" / "run.txt")
    names = {name for name, _ in served}

    assert served <= pins_of(ROOT / "requirements" / "dev.txt")
    assert not names & {"tensorflow-cpu", "keras", "scipy", "locust", "moto", "playwright", "ruff"}
    for function in ("image_classifier", "feedback", "predictions", "tabular"):
        assert pins_of(FUNCTIONS / function / "requirements.txt") <= served
