"""What is in the images, and what is not."""

import pytest

from tests.conftest import ROOT
from tests.containers.conftest import docker

LIMIT_MB = {"ClassifierFunction": 260, "FeedbackFunction": 120, "DeploymentCheckFunction": 120}
TARGETS = {
    "ClassifierFunction": "image_classifier",
    "FeedbackFunction": "feedback",
    "DeploymentCheckFunction": "deployment_check",
}


def run(image: str, *command: str) -> str:
    return docker(
        "run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:]
    )


@pytest.mark.parametrize("name", LIMIT_MB)
def test_installed_files_are_few(images: dict[str, str], name: str):
    size_mb = int(run(images[name], "du", "--summarize", "--block-size=1M", "/var/task").split()[0])

    assert size_mb <= LIMIT_MB[name]


@pytest.mark.parametrize("name", LIMIT_MB)
def test_nothing_is_there_that_only_builds_or_tests(images: dict[str, str], name: str):
    files = run(images[name], "find", "/var/task").splitlines()
    packages = {file.split("/")[3] for file in files if file != "/var/task"}

    assert TARGETS[name] in packages
    assert not packages & {"tensorflow", "keras", "pip", "skimage", "sklearn", "pytest", "tests"}
    assert not [file for file in files if f"/{TARGETS[name]}/export" in file]
    assert run(images[name], "find", "/", "-xdev", "-path", "*/.cache/pip") == ""


@pytest.mark.parametrize("name", LIMIT_MB)
def test_everything_is_compiled(images: dict[str, str], name: str):
    files = set(run(images[name], "find", "/var/task", "-name", "*.py*").splitlines())
    own = TARGETS[name]
    modules = {
        file for file in files if file.startswith(f"/var/task/{own}/") and file.endswith(".py")
    }

    assert modules
    for module in modules:
        stem = module.rpartition("/")[2].removesuffix(".py")
        assert any(f"/{own}/__pycache__/{stem}.cpython-" in file for file in files), module


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
    assert run(tag, "find", "/var/task", "-writable", "-not", "-type", "l") == ""


def test_the_model_in_the_image_is_the_verified_one(images: dict[str, str]):
    check = (
        "from pathlib import Path; from image_classifier.artifact import load_artifact;"
        "print(load_artifact(Path('model')).manifest.name)"
    )

    assert run(images["ClassifierFunction"], "python", "-c", check) == "efficientnet-lite0"
