"""What the README and docs/ say of codes, settings and commands is what there is."""

import re
import subprocess
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import feedback.answer
import feedback.labels
import flight_delay.upload
import front_doors.refusals
import image_classifier.complexity
import image_classifier.decode
import image_classifier.queued
import image_classifier.upload_event
import image_collections.routes
import image_collections.rows
import image_collections.runs
import iris.routes
import predictions.routes
import serving.api
import serving.aws
import serving.body
import serving.collection
import serving.image_body
import serving.receipts
from feedback.settings import FeedbackSettings
from front_doors.settings import PhotoDoorSettings, TabularDoorSettings
from image_classifier.settings import CollectionWorkerSettings
from image_classifier.worker_settings import WorkerSettings
from image_collections.settings import CollectionApiSettings
from infra.local.http_api import problems
from infra.local.sam.intrinsics import load_yaml
from prediction_store.settings import PredictionStoreSettings
from serving import errors
from serving.errors import ServiceError
from tabular.settings import TabularSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
GUIDES = [
    "README.md",
    "infra/README.md",
    "docs/load.md",
    "docs/operations.md",
    "docs/collections.md",
    "docs/decisions.md",
    "docs/tabular.md",
    "docs/teaching.md",
    "docs/protocols.md",
    "docs/reference.md",
]
MODULES = (
    feedback.answer,
    feedback.labels,
    flight_delay.upload,
    front_doors.refusals,
    image_classifier.complexity,
    image_classifier.decode,
    image_classifier.queued,
    image_classifier.upload_event,
    iris.routes,
    predictions.routes,
    image_collections.routes,
    image_collections.runs,
    serving.api,
    serving.aws,
    serving.body,
    serving.image_body,
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
    """Codes in the table of errors: rows that begin with a status."""
    rows = re.findall(r"^\| \d{3} \| (.*?) \|", REFERENCE, flags=re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_error_code_is_listed_and_no_other():
    kinds = {errors.NotFound.code, errors.MethodNotAllowed.code, ServiceError.code}
    concrete = set().union(*map(codes_of, MODULES))
    logged = {  # no caller sees them: one ends the environment, the others return a message
        feedback.labels.LabelsInvalid.code,
        image_classifier.upload_event.ForeignMessage.code,
    }

    assert listed_codes() == (kinds | concrete | set(problems.PROBLEMS)) - logged


def test_every_code_of_a_photo_s_row_is_listed():
    rows = set(re.findall(r"^\| `(\w+)` \| [^`]*$", REFERENCE, flags=re.MULTILINE))
    runs = {"source_unavailable", "no_photos"}
    defined = codes_of(serving.collection) | codes_of(image_collections.rows)

    assert defined - runs <= rows
    assert all(f"`{code}`" in REFERENCE for code in runs)


@pytest.mark.parametrize(
    "settings",
    [
        *(WorkerSettings, CollectionWorkerSettings, CollectionApiSettings),
        *(FeedbackSettings, PredictionStoreSettings, TabularSettings),
        *(PhotoDoorSettings, TabularDoorSettings),
    ],
)
def test_every_setting_is_listed_as_it_describes_itself(settings: type[BaseSettings]):
    for name, field in settings.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default}`"
        default = "" if field.default in {None, ""} else default
        assert f"| `{name.upper()}` | {default} | {field.description} |" in REFERENCE


@pytest.mark.parametrize("guide", GUIDES[:-1])
def test_every_make_command_it_names_exists(guide: str):
    text = (ROOT / guide).read_text()
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, flags=re.MULTILINE))
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert named
    assert named <= set(re.findall(r"make ([a-z-]+)", listed))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_it_links_or_shows_exists(guide: str):
    links = r"\]\((?!https?:)([^)#]+)\)|<img src=\"([^\"]+)\""
    for target in re.findall(links, (ROOT / guide).read_text()):
        assert ((ROOT / guide).parent / "".join(target)).exists(), target


def test_every_guide_is_checked():
    guides = {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("infra/*.md")}

    assert {path.relative_to(ROOT).as_posix() for path in guides} == {*GUIDES, "CHANGELOG.md"}


def test_the_readme_is_short_and_says_early_where_things_are():
    lines = README.splitlines()

    assert len(lines) <= 170
    assert lines.index("## Layout") < 30
    folders = set(re.findall(r"(?:^    |  )((?:[\w]+/)+)", README.partition("## Layout")[2]))
    assert {"functions/", "infra/", "web/", "loadtest/", "tests/"} <= {
        f"{folder.partition('/')[0]}/" for folder in folders
    }
    nested = {"models/", "export/"}
    assert all((ROOT / folder).is_dir() for folder in folders - nested), folders


def test_every_parameter_and_output_that_operations_name_exists():
    template = load_yaml(ROOT / "template.yaml")
    names = set(template["Parameters"]) | set(template["Outputs"])
    # the last section names what is AWS's own
    text = (ROOT / "infra" / "README.md").read_text().partition("## Looked up")[0]
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
    collection = text.partition("**A million photos of a bucket")[2].partition("At 1000")[0]
    waiting = text.partition("**The same million")[2].partition("### ")[0]

    for table in (at_rest, million, collection, waiting):
        total, stated = sums(table)
        assert round(total, 2) == stated


@pytest.mark.parametrize(
    ("product", "stated"),
    [
        (1769 / 1024 * 2_628_000 * 0.0000041667, "18.92"),
        (1769 / 1024 * 0.020 * 1_000_000 * 0.0000166667, "0.58"),
        (1769 / 1024 * 0.021 * 1_000_000 * 0.0000166667, "0.60"),
        (10_000 * (1e-6 + 2.1 / 16 * 0.00001667), "0.03"),
        (10_000 * 5e-6 + 20_000 * 4e-7 + 1000 * 5e-6, "0.06"),
        ((2.0 + 0.3) * 1_000_000 / 1_000_000 * 0.50, "1.15"),
        (110 * 0.020, "2.20"),
        (1769 / 1024 * 0.080 * 1_000_000 * 0.0000166667, "2.30"),
        (3 * 0.625 + 2 * 0.125, "2.12"),
        ((4 * 2.0 + 3 * 0.3) * 0.50, "4.45"),
    ],
)
def test_its_products_are_right(product: float, stated: str):
    assert f"{product:.2f}" == stated
    assert f"| {stated} |" in (ROOT / "infra" / "README.md").read_text()
