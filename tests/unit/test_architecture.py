"""What the layout promises: which way imports run, and what no file may hold."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"

# From the edge to the core: a module imports only what stands in a later row.
CLASSIFIER_LAYERS = [
    {"handler", "__main__"},
    {"routes", "settings"},
    {"upload"},
    {"schemas"},
    {"classifier"},
    {"decode", "preprocess", "runtime", "ranking", "labels"},
    {"artifact", "sniff"},
    {"sniff_tiff"},
    {"complexity"},
]
BUILD_TIME_ONLY = {"tensorflow", "keras", "torch", "boto3", "botocore", "skimage", "sklearn"}


def imports_of(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def served_modules() -> list[Path]:
    """Every module that runs in Lambda."""
    return [path for path in FUNCTIONS.rglob("*.py") if "export" not in path.parts]


def test_every_classifier_module_has_its_layer():
    modules = {path.stem for path in (FUNCTIONS / "image_classifier").glob("*.py")} - {"__init__"}

    assert modules == set.union(*CLASSIFIER_LAYERS)


@pytest.mark.parametrize("row", range(len(CLASSIFIER_LAYERS)))
def test_imports_of_the_classifier_point_inward(row: int):
    outer = set.union(*CLASSIFIER_LAYERS[: row + 1])
    for module in CLASSIFIER_LAYERS[row]:
        imported = imports_of(FUNCTIONS / "image_classifier" / f"{module}.py")
        same_or_outer = {f"image_classifier.{name}" for name in outer} & imported
        assert not same_or_outer, f"{module} imports {same_or_outer}"


def test_what_is_shared_imports_no_function():
    functions = {path.name for path in FUNCTIONS.iterdir() if path.is_dir()} - {"serving"}
    for path in (FUNCTIONS / "serving").glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & functions, path


def test_functions_import_neither_each_other_nor_the_infrastructure():
    functions = {path.name for path in FUNCTIONS.iterdir() if path.is_dir()} - {"serving"}
    for function in functions:
        for path in (FUNCTIONS / function).rglob("*.py"):
            roots = {name.partition(".")[0] for name in imports_of(path)}
            assert not roots & (functions - {function} | {"infra", "tests"}), path


def test_the_classifier_needs_nothing_that_only_builds_models():
    for path in (FUNCTIONS / "image_classifier").glob("*.py"):
        roots = {name.partition(".")[0] for name in imports_of(path)}
        assert not roots & BUILD_TIME_ONLY, path
        assert not any(name.startswith("image_classifier.export") for name in imports_of(path))


def test_only_composition_roots_read_the_environment():
    readers = {
        path.relative_to(FUNCTIONS).as_posix()
        for path in served_modules()
        if re.search(r"os\.environ|getenv|Settings\(\)", path.read_text())
    }

    roots = ("handler", "__main__")
    assert all(Path(reader).stem.endswith(roots) for reader in readers), readers


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
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
        assert not (found := pattern.search(text)), f"{path} names {found and found[0]}"
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
    for function in ("image_classifier", "feedback"):
        assert pins_of(FUNCTIONS / function / "requirements.txt") <= served
