"""What is in the images, and what is not."""

import functools
import subprocess
import tarfile

import pytest

from tests.conftest import ROOT
from tests.containers.conftest import docker

LIMIT_MB = {
    "ClassifierFunction": 190,
    "PredictionsFunction": 45,
    "FeedbackFunction": 45,
    "ClassifierCheckFunction": 30,
}
TARGETS = {
    "ClassifierFunction": "image_classifier",
    "PredictionsFunction": "predictions",
    "FeedbackFunction": "feedback",
    "ClassifierCheckFunction": "deployment_check",
}
CLIENTS: dict[str, set[str]] = {
    "ClassifierFunction": {"dynamodb", "s3", "sns"},
    "PredictionsFunction": {"dynamodb", "s3"},
    "FeedbackFunction": {"dynamodb"},
    "ClassifierCheckFunction": {"lambda", "codedeploy", "dynamodb"},
}


def run(image: str, *command: str) -> str:
    return docker(
        "run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:]
    )


@functools.cache
def files_of(image: str) -> dict[str, tarfile.TarInfo]:
    """Everything in an image by its path, read from outside: the image has no tool for it."""
    container = docker("create", image)
    try:
        with (
            subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|") as archive,
        ):
            return {f"/{member.name}": member for member in archive}
    finally:
        docker("rm", container)


def task_files(image: str) -> dict[str, tarfile.TarInfo]:
    """What the function's own layers hold."""
    return {path: file for path, file in files_of(image).items() if path.startswith("/var/task/")}


def test_the_base_lacks_what_awss_lacks(base_image: str):
    """Or a line that needs it would work here, and in no image that is deployed."""
    output = run(base_image, "sh", "-c", "command -v find xargs diff gzip which || true")

    assert output == "", "an older base? infra/local/base-image.sh makes it anew"


@pytest.mark.parametrize("name", LIMIT_MB)
def test_installed_files_are_few(images: dict[str, str], name: str):
    size_mb = sum(file.size for file in task_files(images[name]).values()) / 1e6

    assert size_mb <= LIMIT_MB[name]


@pytest.mark.parametrize("name", LIMIT_MB)
def test_nothing_is_there_that_only_builds_or_tests(images: dict[str, str], name: str):
    files = task_files(images[name])
    packages = {path.split("/")[3] for path in files}

    assert TARGETS[name] in packages
    assert not packages & {"tensorflow", "keras", "pip", "skimage", "sklearn", "pytest", "tests"}
    assert not [path for path in files if f"/{TARGETS[name]}/export" in path]
    assert not [path for path in files_of(images[name]) if path.endswith("/.cache/pip")]


@pytest.mark.parametrize("name", LIMIT_MB)
def test_only_the_clients_that_are_called_are_described(images: dict[str, str], name: str):
    services = {
        path.split("/")[5]
        for path, file in task_files(images[name]).items()
        if path.startswith("/var/task/botocore/data/") and file.isdir()
    }

    assert services == CLIENTS[name]


@pytest.mark.parametrize("name", LIMIT_MB)
def test_everything_is_compiled(images: dict[str, str], name: str):
    files = task_files(images[name])
    own = TARGETS[name]
    modules = {
        path for path in files if path.startswith(f"/var/task/{own}/") and path[-3:] == ".py"
    }

    assert modules
    for module in modules:
        stem = module.rpartition("/")[2].removesuffix(".py")
        assert any(f"/{own}/__pycache__/{stem}.cpython-" in path for path in files), module


@pytest.mark.parametrize("name", LIMIT_MB)
def test_runs_as_nobody_unless_asked_otherwise(images: dict[str, str], base_image: str, name: str):
    assert images[name]
    tag = f"image-classifier-test:{TARGETS[name]}"
    docker(
        *("build", "--tag", tag, "--target", TARGETS[name]),
        *("--build-arg", f"BASE_IMAGE={base_image}", "--build-arg", "MODEL=efficientnet-lite0"),
        str(ROOT / "functions"),
    )

    assert docker("image", "inspect", "--format", "{{.Config.User}}", tag) == "65534:65534"
    assert run(tag, "id", "--user") == "65534"
    # root's files only, so a function cannot change itself
    files = task_files(tag).values()
    assert {file.uid for file in files} == {0}
    assert not [file.name for file in files if file.mode & 0o022 and not file.issym()]


def test_the_model_in_the_image_is_the_verified_one(images: dict[str, str]):
    check = (
        "from pathlib import Path; from image_classifier.artifact import load_artifact;"
        "print(load_artifact(Path('model')).manifest.name)"
    )

    assert run(images["ClassifierFunction"], "python", "-c", check) == "efficientnet-lite0"
