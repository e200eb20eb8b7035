"""What the layout promises: which way imports run, and who may know what."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"

# From the edge to the core: a module imports only what stands in a later row.
LAYERS = {
    "image_classifier": [
        {"handler", "worker", "collection_handler", "__main__"},
        {"routes", "queued", "shards", "worker_settings"},
        {"predictor", "upload_event"},
        {"settings", "schemas", "classifier"},
        {"decode", "preprocess", "runtime", "ranking", "certainty", "labels", "thumbnail"},
        {"artifact", "sniff"},
        {"sniff_tiff", "vp8l"},
        {"complexity", "huffman"},
    ],
    "feedback": [
        {"handler"},
        {"routes", "settings", "dynamodb", "memory"},
        {"answer", "store", "summary"},
        {"schemas", "labels", "record"},
    ],
    "iris": [{"handler"}, {"routes"}, {"schemas", "model"}],
    "flight_delay": [{"handler"}, {"routes"}, {"upload"}, {"schemas", "model"}, {"names"}],
    "tabular": [{"routes", "runtime", "settings"}, {"artifact", "schemas"}],
    "image_collections": [
        {"handler", "plan_handler", "report_handler"},
        {"routes", "settings"},
        {"report", "runs"},
        {"page"},
        {"contact_sheet", "tally", "charts"},
        {"rows", "plan", "event", "schemas"},
    ],
    "front_doors": [
        {"photo_handler", "tabular_handler"},
        {"photo_model", "tabular_models", "tensorflow_serving", "hugging_face", "settings"},
        {"open_inference", "photos"},
        {"infer_response"},
        {"infer_request"},
        {"refusals"},
    ],
    "predictions": [
        {"handler"},
        {"routes"},
        {"schemas", "store"},
    ],
    "prediction_store": [
        {"dynamodb", "s3", "sns"},
        {"record", "settings"},
    ],
    "deployment_check": [
        {"handler", "feedback_handler"},
        {"hook"},
        {"aws", "replay", "answers"},
        {"check", "golden"},
        {"request"},
    ],
}
# What functions share; each uses itself and those that stand before it.
SHARED = ["serving", "prediction_store", "tabular"]
# What stands before functions, imports them, and is imported by none.
BEFORE = {"front_doors"}
# What each floor of infra.local may use besides itself.
FLOORS = {
    "account": set(),
    "machine": set(),
    "aws_lambda": {"machine", "account"},
    "http_api": {"aws_lambda", "account"},
    "sam": {"http_api", "aws_lambda", "account"},
    "aws": {"sam", "machine", "account"},
    "cloud": {"sam", "http_api", "aws_lambda", "machine"},
}
# Top-level packages that no function may know.
BEFORE_SERVING = {"infra", "tests", "training", "evaluation", "teaching"}
BUILD_TIME_ONLY = {"tensorflow", "keras", "torch", "boto3", "botocore", "skimage", "sklearn"}
WORKERS_OWN = {"worker": {"boto3"}, "collection_handler": {"boto3"}}


def imports_of(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imports_below(folder: Path) -> dict[str, set[str]]:
    """Module → the modules of the same top-level package that it imports, all named in full."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / folder.parts[0]).rglob("*.py")
    }
    inside = ".".join(folder.parts)
    return {
        module: imports_of(path) & set(files)
        for module, path in files.items()
        if module.startswith(inside)
    }


LOCAL = imports_below(Path("infra/local"))
INFRA = imports_below(Path("infra"))


def served_modules() -> list[Path]:
    """Every module that runs in Lambda."""
    return [path for path in FUNCTIONS.rglob("*.py") if not {"export", "archive"} & set(path.parts)]


@pytest.mark.parametrize("function", LAYERS)
def test_every_module_of_a_function_has_its_layer(function: str):
    modules = {path.stem for path in (FUNCTIONS / function).glob("*.py")} - {"__init__"}

    assert modules == set.union(*LAYERS[function])


@pytest.mark.parametrize("function", LAYERS)
def test_imports_of_a_function_point_inward(function: str):
    for row, modules in enumerate(LAYERS[function]):
        same_or_outer = set.union(*LAYERS[function][: row + 1])
        for module in modules:
            imported = imports_of(FUNCTIONS / function / f"{module}.py")
            wrong = {f"{function}.{name}" for name in same_or_outer} & imported
            assert not wrong, f"{function}.{module} imports {wrong}"


def test_every_function_has_its_layers():
    folders = {path.name for path in FUNCTIONS.iterdir() if (path / "__init__.py").exists()}

    assert folders - {"serving"} == set(LAYERS)


@pytest.mark.parametrize("folder", SHARED)
def test_what_is_shared_imports_no_function(folder: str):
    others = {path.name for path in FUNCTIONS.iterdir() if path.is_dir()}
    others -= set(SHARED[: SHARED.index(folder) + 1])
    for path in (FUNCTIONS / folder).glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & others, path


def test_functions_import_neither_each_other_nor_the_infrastructure():
    functions = {path.name for path in FUNCTIONS.iterdir() if path.is_dir()} - set(SHARED)
    for function in functions:
        others = set() if function in BEFORE else functions - {function}
        for path in (FUNCTIONS / function).rglob("*.py"):
            roots = {name.partition(".")[0] for name in imports_of(path)}
            assert not roots & (others | BEFORE_SERVING), path


def test_the_classifier_needs_nothing_that_only_builds_models():
    for path in (FUNCTIONS / "image_classifier").glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & (BUILD_TIME_ONLY - WORKERS_OWN.get(path.stem, set())), path
        assert not any(name.startswith("image_classifier.export") for name in imports_of(path))


@pytest.mark.parametrize("package", ["evaluation", "teaching"])
def test_what_happens_before_serving_imports_one_way(package: str):
    assert f"{package}.__main__" in list(
        TopologicalSorter(imports_below(Path(package))).static_order()
    )


def test_what_evaluates_needs_nothing_that_builds_models():
    for path in (ROOT / "evaluation").rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & (BUILD_TIME_ONLY | {"teaching", "training"}), path
        assert not any(name.startswith("image_classifier.export") for name in imports_of(path))


@pytest.mark.parametrize("folder", ["feedback", "prediction_store", "predictions"])
def test_only_adapters_and_composition_roots_know_aws(folder: str):
    for path in (FUNCTIONS / folder).rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        if path.stem not in {"handler", "__main__", "restore", "dynamodb", "s3", "sns"}:
            assert not roots & {"boto3", "botocore"}, path


def test_modules_of_infra_import_each_other_in_no_circle():
    order = list(TopologicalSorter(INFRA).static_order())

    assert {"infra.local.http_api.gateway", "infra.deploy.stack", "infra.commands.run"} <= set(
        order
    )


def test_every_module_of_the_local_cloud_stands_on_a_floor():
    assert {module.split(".")[2] for module in LOCAL if module.count(".") > 1} == set(FLOORS)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_uses_only_those_below_it(floor: str):
    used = set().union(*(n for m, n in LOCAL.items() if m.split(".")[2:3] == [floor]))

    assert all(name.startswith("infra.local") for name in used)
    assert {name.split(".")[2] for name in used if name.count(".") > 1} <= FLOORS[floor] | {floor}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("infra.commands", {"infra.local", "infra.commands"}),
        # Of the local cloud only what reads files, and the one form of REPORT lines.
        (
            "infra.deploy",
            {
                *("infra.deploy", "infra.local.sam.intrinsics", "infra.local.http_api.static"),
                "infra.local.aws_lambda.report",
            },
        ),
    ],
)
def test_what_stands_on_the_local_cloud_uses_only_what_it_needs(package: str, allowed: set[str]):
    used = set().union(*(names for module, names in INFRA.items() if module.startswith(package)))
    packages = {"infra", "infra.local.sam", "infra.local.http_api", "infra.local.aws_lambda"}

    assert not [name for name in used - packages if not name.startswith(tuple(allowed))]


@pytest.mark.parametrize("kind", ["emulator", "worker"])
def test_only_the_service_knows_how_environments_are_run(kind: str):
    known_to = {m for m, names in INFRA.items() if f"infra.local.aws_lambda.{kind}" in names}

    assert "infra.local.aws_lambda.service" in known_to
    assert known_to <= {"infra.local.aws_lambda.service", "infra.commands.run"}


def test_what_runs_inside_a_worker_needs_nothing_of_the_gateway():
    assert not INFRA["infra.local.aws_lambda.worker_runtime"]


def test_only_composition_roots_read_the_environment():
    readers = {
        path.relative_to(FUNCTIONS).as_posix()
        for path in served_modules()
        if re.search(r"os\.environ|getenv|Settings\(\)", path.read_text())
    }

    roots = ("handler", "worker", "__main__")
    assert all(Path(reader).stem.endswith(roots) for reader in readers), readers
