"""What the README says of codes, settings and commands is what there is."""

import re
import subprocess
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import feedback.answer
import feedback.labels
import feedback.store
import image_classifier.decode
import image_classifier.upload
import serving.api
import serving.body
import serving.receipts
from feedback.settings import FeedbackSettings
from image_classifier.settings import ClassifierSettings
from infra.local import problems
from serving import errors
from serving.errors import ServiceError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MODULES = (
    feedback.answer,
    feedback.labels,
    feedback.store,
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


def test_every_make_command_it_names_exists():
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", README, flags=re.MULTILINE))
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert named
    assert named <= set(re.findall(r"make ([a-z-]+)", listed))


def test_every_file_it_links_exists():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
