"""What a cold start may take, in counts: they do not depend on how busy a machine is.

Limits are what was counted (Python 3.11, x86_64) and about a tenth more, for other versions of
Python and of its packages. Raise one knowingly: each module and each byte is somebody's wait.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import ROOT

FUNCTIONS = ROOT / "functions"
MB = 1_000_000
# In an interpreter that finds Python's own modules, this project's and the image's packages alone.
PROBE = """
import importlib, json, sys
handler, *hidden = sys.argv[1:]
class Hidden:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)
sys.meta_path.insert(0, Hidden())
before = set(sys.modules)
importlib.import_module(handler)
loaded = {name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
print(json.dumps(loaded))
"""


@dataclass(frozen=True)
class Budget:
    """Most modules, Python's own and the rest; most bytes of their files; packages of its image
    that wait until they are needed, or for good."""

    pythons_modules: int
    modules: int
    module_bytes: int
    forbidden: frozenset[str] = frozenset()


TRAINING = frozenset({"boto3", "botocore", "sklearn", "scipy", "onnx", "xgboost", "training"})
BUDGETS = {
    "image_classifier.handler": Budget(
        190,
        450,
        39 * MB,
        # botocore's first module alone is Powertools' doing, wherever there is one
        frozenset({"boto3", "botocore.session", "ml_dtypes", "flatbuffers", "tqdm", "front_doors"}),
    ),
    # nothing but itself above the classifier's own
    "front_doors.photo_handler": Budget(
        195, 450, 39 * MB, frozenset({"boto3", "botocore.session", "ml_dtypes", "onnxruntime"})
    ),
    "front_doors.tabular_handler": Budget(195, 440, 70 * MB, TRAINING),
    "image_classifier.worker": Budget(
        250, 650, 60 * MB, frozenset({"ml_dtypes", "flatbuffers", "tqdm"})
    ),
    "feedback.handler": Budget(230, 510, 27 * MB),
    "predictions.handler": Budget(230, 515, 27 * MB, frozenset({"numpy", "PIL"})),
    "image_collections.handler": Budget(230, 515, 27 * MB, frozenset({"numpy", "PIL"})),
    "image_collections.plan_handler": Budget(230, 330, 25 * MB, frozenset({"fastapi", "numpy"})),
    "image_collections.report_handler": Budget(230, 340, 25 * MB, frozenset({"fastapi", "numpy"})),
    "image_classifier.collection_handler": Budget(
        230, 455, 43 * MB, frozenset({"fastapi", "ml_dtypes", "flatbuffers", "tqdm"})
    ),
    "iris.handler": Budget(195, 440, 70 * MB, TRAINING | {"front_doors"}),
    "flight_delay.handler": Budget(195, 440, 70 * MB, TRAINING | {"front_doors"}),
}
IMAGES = {
    "iris": "tabular",
    "flight_delay": "tabular",
    "front_doors.photo_handler": "image_classifier",
    "front_doors.tabular_handler": "tabular",
}
"""Functions, or single handlers of theirs, whose image is not their own."""
UNNEEDED = {"IPython", "sqlite3", "tkinter", "unittest", "pydoc", "doctest", "lib2to3"}


def modules_of(code: str, function: str, model: Path, folder: Path) -> dict[str, str | None]:
    """Module → its file, of all that importing ``code`` loads; empty where it cannot be."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{folder}:{FUNCTIONS}",
        "MODEL_DIR": "" if IMAGES.get(function) == "tabular" else str(model),
        "LABELS_FILE": str(model / "labels.json"),
        "TABLE_NAME": "FeedbackTable",
        "PREDICTIONS_TABLE": "PredictionsTable",
        "UPLOADS_BUCKET": "uploads",
        "OUTPUT_BUCKET": "collections",
        "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:collections",
        "RECEIPT_KEY": "k" * 32,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
    command = [sys.executable, "-P", "-c", PROBE, code, *hidden_from(function)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def hidden_from(function: str) -> list[str]:
    """Packages installed here that the function's locked requirements do not bring."""
    locked = (FUNCTIONS / IMAGES.get(function, function) / "requirements.txt").read_text()
    pins = {normal(name) for name in re.findall(r"(?m)^([\w.-]+)==", locked)}
    installed = packages_distributions()
    return [root for root, names in installed.items() if not pins & set(map(normal, names))]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def excesses(modules: dict[str, str | None], budget: Budget) -> list[str]:
    """What a cold start takes beyond its budget, each named."""
    others = [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]
    size = sum(Path(file).stat().st_size for file in {*modules.values()} if file)
    counts = (
        ("Python's modules", len(modules) - len(others), budget.pythons_modules),
        ("other modules", len(others), budget.modules),
        ("bytes of modules", size, budget.module_bytes),
    )
    return [
        *(f"forbidden: {name}" for name in sorted(set(modules) & (budget.forbidden | UNNEEDED))),
        *(f"{count} {what}, limit {limit}" for what, count, limit in counts if count > limit),
    ]


@pytest.mark.parametrize("handler", BUDGETS)
def test_a_cold_start_stays_within_its_budget(handler: str, embedded_model: Path, tmp_path: Path):
    function = handler if handler in IMAGES else handler.partition(".")[0]
    modules = modules_of(handler, function, embedded_model, tmp_path)

    assert excesses(modules, BUDGETS[handler]) == []


MUCH_OF_PYTHON = """
import ctypes.util, curses, dbm.dumb, encodings.cp037, logging.config, optparse, profile
import wsgiref.simple_server, xml.dom.minidom, xml.sax, xmlrpc.server
"""
ALL_OF_PILLOW = """
import importlib, pkgutil, PIL
from contextlib import suppress
for _, name, _ in pkgutil.iter_modules(PIL.__path__):
    with suppress(ImportError):
        importlib.import_module(f"PIL.{name}") if "Plugin" in name else None
"""


@pytest.mark.parametrize(
    ("code", "excess"),
    [
        ("import unittest.mock", "forbidden: unittest"),
        ("import tqdm", "forbidden: tqdm"),
        (MUCH_OF_PYTHON, "Python's modules, limit"),
        (ALL_OF_PILLOW, "other modules, limit"),
    ],
    ids=["Python's own", "the image's", "too many of Python's", "too many others"],
)
def test_what_is_too_much_is_named(code: str, excess: str, embedded_model: Path, tmp_path: Path):
    (tmp_path / "intruder.py").write_text(f"{code}\nfrom image_classifier import handler\n")
    modules = modules_of("intruder", "image_classifier", embedded_model, tmp_path)

    over = excesses(modules, BUDGETS["image_classifier.handler"])

    assert any(excess in line for line in over), over


@pytest.mark.parametrize("package", ["tensorflow", "moto", "aiohttp", "scipy"])
def test_what_the_image_lacks_cannot_be_imported(
    package: str, embedded_model: Path, tmp_path: Path
):
    with pytest.raises(AssertionError, match=f"{package} is not in the image"):
        modules_of(package, "image_classifier", embedded_model, tmp_path)
