"""What the README says of codes, settings and commands is what there is."""

import re
import subprocess
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import feedback.answer
import feedback.labels
import feedback.store
import image_classifier.complexity
import image_classifier.decode
import image_classifier.upload
import serving.api
import serving.body
import serving.receipts
from feedback.settings import FeedbackSettings
from image_classifier.settings import ClassifierSettings
from infra.local import problems
from infra.local.intrinsics import load_yaml
from serving import errors
from serving.errors import ServiceError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
GUIDES = [ROOT / "README.md", ROOT / "infra" / "README.md"]
MODULES = (
    feedback.answer,
    feedback.labels,
    feedback.store,
    image_classifier.complexity,
    image_classifier.decode,
    image_classifier.upload,
    serving.api,
    serving.body,
    serving.receipts,
)


def codes_of(module: object) -> set[str]:
    """Codes of the concrete errors that a module defines."""
    return {
        value.code
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceError)
        and value.__module__ == getattr(module, "__name__", None)
    }


def listed_codes() -> set[str]:
    """Codes in the README's table of errors: rows that begin with a status."""
    rows = re.findall(r"^\| \d{3} \| (.*?) \|", README, flags=re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_error_code_is_listed_and_no_other():
    kinds = {errors.NotFound.code, errors.MethodNotAllowed.code, ServiceError.code}
    concrete = set().union(*map(codes_of, MODULES))
    at_start = {feedback.labels.LabelsInvalid.code}  # ends the environment; no caller sees it

    assert listed_codes() == (kinds | concrete | set(problems.PROBLEMS)) - at_start


@pytest.mark.parametrize("settings", [ClassifierSettings, FeedbackSettings])
def test_every_setting_is_listed_as_it_describes_itself(settings: type[BaseSettings]):
    for name, field in settings.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default}`"
        default = "" if field.default in {None, ""} else default
        assert f"| `{name.upper()}` | {default} | {field.description} |" in README


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.parent.name)
def test_every_make_command_it_names_exists(guide: Path):
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", guide.read_text(), flags=re.MULTILINE))
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert named
    assert named <= set(re.findall(r"make ([a-z-]+)", listed))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.parent.name)
def test_every_file_it_links_exists(guide: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", guide.read_text()):
        assert (guide.parent / target).exists(), target


def test_every_parameter_and_output_that_operations_name_exists():
    template = load_yaml(ROOT / "template.yaml")
    names = set(template["Parameters"]) | set(template["Outputs"])
    text = (ROOT / "infra" / "README.md").read_text()
    named = set(re.findall(r"`([A-Z][a-zA-Z]+)(?:=\w+)?`", text))

    assert named
    assert named <= names, named - names


def sums(table: str) -> tuple[float, float]:
    """The sum of a cost table's lines, and the sum it states."""
    lines = re.findall(r"^\| (?!\*\*sum)[^|]+\|[^|]+\| ([\d.]+) \|", table, flags=re.MULTILINE)
    stated = re.search(r"\| \*\*sum\*\* .*\*\*([\d.]+)\*\* \|", table)
    assert stated
    return sum(map(float, lines)), float(stated[1])


def test_its_costs_add_up():
    text = (ROOT / "infra" / "README.md").read_text()
    at_rest = text.partition("**At rest")[2].partition("| `ProvisionedConcurrency=1`")[0]
    million = text.partition("**A million")[2].partition("A cold start")[0]

    for table in (at_rest, million):
        total, stated = sums(table)
        assert round(total, 2) == stated


@pytest.mark.parametrize(
    ("product", "stated"),
    [
        (1769 / 1024 * 2_628_000 * 0.0000041667, "18.92"),
        (1769 / 1024 * 0.020 * 1_000_000 * 0.0000166667, "0.58"),
        ((2.0 + 0.3) * 1_000_000 / 1_000_000 * 0.50, "1.15"),
        (110 * 0.020, "2.20"),
    ],
)
def test_its_products_are_right(product: float, stated: str):
    assert f"{product:.2f}" == stated
    assert f"| {stated} |" in (ROOT / "infra" / "README.md").read_text()
