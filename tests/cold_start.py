"""What a function's image holds and what its cold start takes, counted on this machine.

The image's packages are laid out as the Dockerfile does: the distributions that its locked
requirements name, as links to those installed here, less what it deletes. The handler
is then imported from there, in an interpreter that sees nothing else.
"""

import json
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.conftest import ROOT

FUNCTIONS = ROOT / "functions"
STANDARD_LIBRARY = "standard library"
_PROBE = Path(__file__).with_name("cold_start_probe.py")
# Python's own, but not in its list: a build's settings, and another name of the program.
_UNLISTED = ("_sysconfigdata", "__mp_main__")


@dataclass(frozen=True)
class ColdStart:
    """``importer_of`` every module loaded; bytes of every file read, the model's graph apart; the
    services of boto3 clients built."""

    importer_of: Mapping[str, str]
    read_bytes: Mapping[str, int]
    model_reads: int
    clients: tuple[str, ...]

    def modules_by_package(self) -> Counter[str]:
        """How many modules each package has; Python's own are one package."""
        roots = map(root_of, self.importer_of)
        return Counter(STANDARD_LIBRARY if is_pythons_own(root) else root for root in roots)

    def chain(self, package: str) -> str:
        """Who imported a package, and who that: ``tensorflow ← helper ← feedback.handler``."""
        inside = [name for name in self.importer_of if root_of(name) == package]
        chain = [min(inside, key=len, default=package)]
        while (importer := self.importer_of.get(chain[-1], "")) not in ("", "__main__", *chain):
            chain.append(importer)
        return " ← ".join(chain)


def root_of(module: str) -> str:
    """The package that a module is in."""
    return module.partition(".")[0]


def is_pythons_own(root: str) -> bool:
    """Whether a package comes with Python."""
    return root in sys.stdlib_module_names or root.startswith(_UNLISTED)


def lay_out_packages(function: str, folder: Path, extra: tuple[str, ...] = ()) -> Path:
    """The packages of a function's image in ``folder``; ``extra`` requirements added to its own."""
    locked = (FUNCTIONS / function / "requirements.txt").read_text().replace("\\\n", "")
    for line in [*locked.splitlines(), *extra]:
        requirement = Requirement(line.partition("--hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate():
            _link(requirement.name, folder)
    commands = _trimming((FUNCTIONS / "Dockerfile").read_text(), f"{function}-packages")
    script = commands.replace("/packages", shlex.quote(str(folder)))
    subprocess.run(["sh", "-ec", script], check=True, cwd=folder)
    return folder


def size_by_package(function: str, packages: Path) -> Counter[str]:
    """Bytes of the image's own layer, before it is compiled: packages, and the function's code."""
    sizes: Counter[str] = Counter()
    for file in packages.rglob("*"):
        if file.is_file():
            sizes[file.relative_to(packages).parts[0]] += file.stat().st_size
    for package in ("serving", function):
        sizes[package] = sum(f.stat().st_size for f in (FUNCTIONS / package).glob("*.py"))
    return sizes


def measure(handler: str, packages: Path, model: Path, compiled: Path, *first: Path) -> ColdStart:
    """Import ``handler`` twice and count at the second time, when all of it is compiled.

    ``compiled`` keeps the compiled files; modules in the folders ``first`` come before the rest.
    """
    command = [sys.executable, "-S", "-P", str(_PROBE), handler]
    environ = {
        "PYTHONPATH": ":".join(map(str, (*first, FUNCTIONS, packages))),
        "PYTHONPYCACHEPREFIX": str(compiled),
        "MODEL_DIR": str(model),
        "LABELS_FILE": str(model / "labels.json"),
        "TABLE_NAME": "FeedbackTable",
        "RECEIPT_KEY": "k" * 32,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
    for _ in range(2):
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    libraries = {str(file.resolve()) for file in packages.rglob("*.so*")}
    mapped = {line.split(None, 5)[-1] for line in found["maps"].splitlines()} & libraries
    graph = str(model / "model.tflite")
    read = {path for path in found["read"] if Path(path).is_file() and path != graph} | mapped
    return ColdStart(
        importer_of=found["importer_of"],
        read_bytes={path: Path(path).stat().st_size for path in sorted(read)},
        model_reads=found["read"].count(graph),
        clients=tuple(found["clients"]),
    )


def _link(name: str, folder: Path) -> None:
    for file in distribution(name).files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            link = folder / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(str(file.locate())))


def _trimming(dockerfile: str, stage: str) -> str:
    """What a stage of the Dockerfile runs, but for installing and compiling."""
    lines = dockerfile.partition(f" AS {stage}\n")[2].partition("\nFROM ")[0].splitlines()
    code = (line for line in lines if not line.lstrip().startswith("#"))
    run = " ".join(line.removesuffix("\\") for line in code).partition("RUN ")[2]
    commands = [command.strip() for command in run.split("&&")]
    assert commands[0].startswith("python -m pip install"), commands[0]
    return " && ".join(c for c in commands if not c.startswith("python -m ")) or "true"
